package audit

import "testing"

func TestNamespaceDefault(t *testing.T) {
	pod := func(metadata string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {" + metadata + "}, spec: {containers: [{name: c, image: a}]}}\n---\n"
	}
	at := []string{"metadata.namespace"}
	test(t, NamespaceDefault, []scenario{
		{name: "default", objects: pod("name: a, namespace: default"), want: at, says: "default"},
		{name: "kube-system", objects: pod("name: a, namespace: kube-system"), want: at, says: "kube-system"},
		{name: "none", objects: pod("name: a"), want: at, outcome: "unknown"},
		{name: "one of its own", objects: labelledPod},
		{name: "what runs no pod", objects: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}"},
	})
}
