package audit

import "github.com/imagegate/imagegate/internal/gate"

// NetpolIngress is W-30.
var NetpolIngress = &Check{
	ID: "W-30", Name: "netpol-ingress", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Pods that no network policy closes to incoming traffic. A default-deny policy of the namespace counts, and so do the policies of Cilium, Calico and the cluster's administrators.",
		Why:      "Without one, every pod of the cluster may open connections to this pod: one that is taken over reaches all others.",
		Example:  "A Deployment in a namespace without policies fails; with a NetworkPolicy whose podSelector is {} or selects the pod's labels it passes. Pods with hostNetwork fail: policies do not reach them. Where the namespace is not among the objects the answer is unknown.",
		Fix:      "Add a default-deny policy to the namespace, and policies that allow what each workload needs.",
		Controls: []string{"CIS Kubernetes 5.3.2", "NSA/CISA Network separation"},
	},
	Decide: func(in Input) []Finding {
		return uncovered(in, "ingress", func(n *netpol) bool { return n.ingress })
	},
}
