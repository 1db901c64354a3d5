package audit

import (
	"strings"
	"testing"
)

func TestNetpolDangling(t *testing.T) {
	to := func(selector string) string {
		return netpolIn("podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: " + selector + "}]}]")
	}
	at := []string{"spec.egress[0].to[0].namespaceSelector"}
	test(t, NetpolDangling, []scenario{
		{name: "no pod has the labels", objects: labelledPod + netpolIn("podSelector: {matchLabels: {app: b}}"), want: []string{"spec.podSelector"}, says: "app=b"},
		{name: "one of two labels is wrong", objects: labelledPod + netpolIn("podSelector: {matchLabels: {app: a, tier: b}}"), want: []string{"spec.podSelector"}},
		{name: "no pod of the namespace is at hand", objects: netpolIn("podSelector: {matchLabels: {app: b}}"), want: []string{"spec.podSelector"}, outcome: "unknown"},
		{name: "a pod has the labels", objects: labelledPod + netpolIn("podSelector: {matchLabels: {app: a}}")},
		{name: "a pod of the context has the labels", objects: netpolIn("podSelector: {matchExpressions: [{key: app, operator: Exists}]}"), context: labelledPod},
		{name: "all pods are selected, and there is none yet", objects: netpolIn("podSelector: {}")},
		{name: "name: kube-system names the label that works", objects: to("{matchLabels: {name: kube-system}}"), want: at, says: "kubernetes.io/metadata.name: kube-system"},
		{name: "the label that works", objects: to("{matchLabels: {kubernetes.io/metadata.name: kube-system}}")},
		{name: "name: with a namespace that lacks the label", objects: namespaceNS + to("{matchLabels: {name: ns}}"), want: at, says: "does not have"},
		{name: "name: with a namespace that has the label", objects: "{apiVersion: v1, kind: Namespace, metadata: {name: m, labels: {name: m}}}\n---\n" + to("{matchLabels: {name: m}}")},
		{name: "name: with a namespace that is elsewhere", objects: to("{matchLabels: {name: monitoring}}"), want: at, outcome: "unknown", says: "nobody sets"},
		{name: "a label that no namespace at hand has", objects: namespaceNS + to("{matchLabels: {team: shop}}"), want: at, outcome: "unknown"},
		{name: "a label that one has", context: "{apiVersion: v1, kind: Namespace, metadata: {name: m, labels: {team: shop}}}", objects: to("{matchLabels: {team: shop}}")},
		{name: "all namespaces", objects: to("{}")},
	})
}

func TestTheLabelThatWorksIsAPatch(t *testing.T) {
	in := Input{Objects: parse(t, netpolIn("podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {name: kube-system}}}]}]"))}
	found := NetpolDangling.Decide(in)
	if len(found) != 1 || found[0].Severity != "MEDIUM" || len(found[0].Patch) != 1 || !strings.HasSuffix(found[0].Patch[0].Path, "/namespaceSelector/matchLabels") {
		t.Errorf("got %+v", found)
	}
}
