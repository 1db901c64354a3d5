package audit

import (
	"fmt"
	"testing"
)

// netpolIn is a NetworkPolicy of namespace ns.
func netpolIn(spec string) string {
	return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ns}, spec: {" + spec + "}}\n---\n"
}

// policyOf is a policy of another kind.
func policyOf(version, kind, spec string) string {
	return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: p, namespace: ns}, spec: {%s}}\n---\n", version, kind, spec)
}

// labelledPod is a pod of namespace ns with the label app: a.
const labelledPod = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns, labels: {app: a}}, spec: {containers: [{name: c, image: a}]}}\n---\n"

const namespaceNS = "{apiVersion: v1, kind: Namespace, metadata: {name: ns}}\n---\n"

func TestNetpolIngress(t *testing.T) {
	at := []string{"metadata.labels"}
	test(t, NetpolIngress, []scenario{
		{name: "no policy in a namespace that is at hand", objects: namespaceNS + labelledPod, want: at, says: "no network policy"},
		{name: "a namespace that is elsewhere", objects: labelledPod, want: at, outcome: "unknown", says: "cannot be told"},
		{name: "the namespace is context", objects: labelledPod, context: namespaceNS, want: at},
		{name: "a policy that selects the pod", objects: labelledPod + netpolIn("podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]")},
		{name: "a default-deny of the namespace counts", objects: labelledPod, context: netpolIn("podSelector: {}, policyTypes: [Ingress, Egress]")},
		{name: "a policy without types is for incoming traffic", objects: labelledPod + netpolIn("podSelector: {}")},
		{name: "an expression that selects the pod", objects: labelledPod + netpolIn("podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}")},
		{name: "an expression that asks for a label", objects: labelledPod + netpolIn("podSelector: {matchExpressions: [{key: app, operator: Exists}]}")},
		{name: "an expression that leaves the pod out", objects: labelledPod + netpolIn("podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [a]}]}"), want: at},
		{name: "a policy for other pods", objects: labelledPod + netpolIn("podSelector: {matchLabels: {app: b}}"), want: at},
		{name: "a policy for outgoing traffic only", objects: labelledPod + netpolIn("podSelector: {}, policyTypes: [Egress]"), want: at},
		{name: "a policy of another namespace", objects: namespaceNS + labelledPod + "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: m}, spec: {podSelector: {}}}", want: at},
		{name: "a pod on the node's network", objects: podOf("hostNetwork: true, containers: [{name: c, image: a}]") + netpolIn("podSelector: {}"), want: []string{"spec.hostNetwork"}, says: "do not reach"},
		{name: "Cilium's selector of everything", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumNetworkPolicy", "endpointSelector: {}, ingress: [{}]")},
		{name: "Cilium's other selector of everything", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumNetworkPolicy", "endpointSelector: {matchLabels: {}}, ingress: []")},
		{name: "Cilium's labels name their source", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumNetworkPolicy", `endpointSelector: {matchLabels: {"k8s:app": a}}, ingress: []`)},
		{name: "Cilium for other pods", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumNetworkPolicy", "endpointSelector: {matchLabels: {app: b}}, ingress: []"), want: at},
		{name: "Cilium without the default deny", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumNetworkPolicy", "endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{}]"), want: at},
		{name: "Cilium for a namespace of the cluster", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumClusterwideNetworkPolicy", `endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": ns}}, ingress: []`)},
		{name: "Cilium for nodes", objects: namespaceNS + labelledPod + policyOf("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "nodeSelector: {}, ingress: []"), want: at},
		{name: "Calico for all", objects: namespaceNS + labelledPod + policyOf("projectcalico.org/v3", "GlobalNetworkPolicy", "selector: all(), types: [Ingress]")},
		{name: "Calico with a selector of its own language", objects: namespaceNS + labelledPod + policyOf("crd.projectcalico.org/v1", "NetworkPolicy", `selector: "app == 'a'", types: [Ingress]`), want: at, outcome: "unknown", says: "another kind"},
		{name: "the administrator's policy is recognised", objects: namespaceNS + labelledPod + policyOf("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", "subject: {namespaces: {}}"), want: at, outcome: "unknown"},
	})
}
