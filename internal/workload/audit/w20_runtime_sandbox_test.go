package audit

import "testing"

func TestRuntimeSandbox(t *testing.T) {
	labelled := func(label, spec string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns, labels: {" + label + "}}, spec: {" + spec + "containers: [{name: c, image: i}]}}\n---\n"
	}
	class := func(handler string) string {
		return "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: safe}, handler: " + handler + "}\n---\n"
	}
	field := []string{"spec.runtimeClassName"}
	test(t, RuntimeSandbox, []scenario{
		{name: "a pod that nobody distrusts needs none", objects: one("image: i")},
		{name: "a distrusted pod needs one", objects: labelled("example.com/trust: untrusted", ""), want: field, says: "node's own kernel"},
		{name: "tenants of a shared cluster need one", objects: labelled(`multi-tenant: "true"`, ""), want: field},
		{name: "its namespace's label counts", objects: podOf("containers: [{name: c, image: i}]") + "{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {isolation: sandbox}}}", want: field},
		{name: "a class named for a sandbox", objects: labelled("trust: untrusted", "runtimeClassName: gvisor, ")},
		{name: "a class whose handler is a sandbox", objects: labelled("trust: untrusted", "runtimeClassName: safe, "), context: class("kata-qemu")},
		{name: "a class whose handler is none", objects: labelled("trust: untrusted", "runtimeClassName: safe, ") + class("runc"), want: field, says: "no sandbox"},
		{name: "a class that is elsewhere", objects: labelled("trust: untrusted", "runtimeClassName: safe, "), want: field, says: "not among the objects", outcome: "unknown"},
	})
}
