package audit

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// NamespaceDefault is W-35.
var NamespaceDefault = &Check{
	ID: "W-35", Name: "ns-default", Severity: gate.SeverityLow,
	Doc: Doc{
		What:     "Workloads in the namespace default, or in one of the cluster's own.",
		Why:      "Policies, quotas and rights are given by namespace: in default everything shares them, and in kube-system most policies make exceptions.",
		Example:  "namespace: default and namespace: kube-system fail; namespace: shop passes. A manifest without a namespace is unknown: it lands where kubectl's context points, which is default unless somebody changed it.",
		Fix:      "Give the application a namespace of its own.",
		Controls: []string{"CIS Kubernetes 5.6.4"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range workloads(in) {
			switch namespace := o.Namespace(); {
			case namespace == "":
				findings = append(findings, unsure(o, "metadata.namespace", "the manifest names no namespace: it lands where kubectl's context points, which is default unless somebody changed it",
					"name the namespace in the manifest or in the kustomization"))
			case slices.Contains([]string{"default", "kube-system", "kube-public", "kube-node-lease"}, namespace):
				findings = append(findings, about(o, "metadata.namespace", fmt.Sprintf("the workload runs in namespace %s", namespace),
					"give it a namespace of its own"))
			}
		}
		return findings
	},
}
