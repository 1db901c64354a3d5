package audit

import "testing"

func TestNetpolEgress(t *testing.T) {
	at := []string{"metadata.labels"}
	test(t, NetpolEgress, []scenario{
		{name: "a policy without types and without egress rules", objects: labelledPod + netpolIn("podSelector: {}"), want: at, says: "egress"},
		{name: "a policy without types but with egress rules", objects: labelledPod + netpolIn("podSelector: {}, egress: [{ports: [{port: 53}]}]")},
		{name: "everything is denied", objects: labelledPod + netpolIn("podSelector: {}, policyTypes: [Egress]")},
		{name: "the template of a CronJob counts", objects: netpolIn("podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]") +
			"{apiVersion: batch/v1, kind: CronJob, metadata: {name: j, namespace: ns}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: a}]}}}}}}",
			want: []string{"spec.jobTemplate.spec.template.metadata.labels"}},
		{name: "a namespace that is elsewhere", objects: labelledPod, want: at, outcome: "unknown"},
		{name: "Calico's default", objects: namespaceNS + labelledPod + policyOf("projectcalico.org/v3", "NetworkPolicy", "egress: []")},
	})
}
