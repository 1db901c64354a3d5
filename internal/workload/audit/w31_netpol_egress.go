package audit

import "github.com/imagegate/imagegate/internal/gate"

// NetpolEgress is W-31.
var NetpolEgress = &Check{
	ID: "W-31", Name: "netpol-egress", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Pods that no network policy closes to outgoing traffic.",
		Why:      "Without one, whoever takes over the pod can load tools, carry data away, and ask the cloud's metadata service for credentials.",
		Example:  "A NetworkPolicy without policyTypes and without egress rules restricts incoming traffic only, and fails; policyTypes: [Egress] with egress: [] or a list of what is needed passes.",
		Fix:      "Add policyTypes: [Egress] to a policy that selects the pod; allow DNS and what it needs.",
		Controls: []string{"CIS Kubernetes 5.3.2", "NSA/CISA Network separation"},
	},
	Decide: func(in Input) []Finding {
		return uncovered(in, "egress", func(n *netpol) bool { return n.egress })
	},
}
