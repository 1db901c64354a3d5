package audit

import "testing"

func TestNamespacePodSecurity(t *testing.T) {
	labelled := func(labels string) string {
		return "{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {" + labels + "}}}\n---\n"
	}
	const label = "pod-security.kubernetes.io/"
	field := func(name string) string { return `metadata.labels["` + label + name + `"]` }
	test(t, NamespacePodSecurity, []scenario{
		{name: "no label", objects: namespaceNS, want: []string{"metadata.labels", field("warn"), field("audit")}, says: "does not enforce"},
		{name: "everything set and pinned", objects: labelled(label + "enforce: restricted, " + label + "enforce-version: v1.34, " + label + "audit: restricted, " + label + "warn: restricted")},
		{name: "baseline is enough, with warnings of restricted", objects: labelled(label + "enforce: baseline, " + label + "enforce-version: v1.34, " + label + "audit: restricted, " + label + "warn: restricted")},
		{name: "the version is not pinned", objects: labelled(label + "enforce: restricted, " + label + "audit: restricted"), want: []string{field("enforce-version")}, says: "not pinned"},
		{name: "the version is latest, and the caller knows the cluster's", objects: labelled(label + "enforce: restricted, " + label + "enforce-version: latest, " + label + "audit: restricted"), options: Options{PodSecurityVersion: "v1.34"}, want: []string{field("enforce-version")}},
		{name: "warn follows enforce", objects: labelled(label + "enforce: restricted, " + label + "enforce-version: v1.34"), want: []string{field("audit")}},
		{name: "privileged", objects: labelled(label + "enforce: privileged, " + label + "audit: baseline, " + label + "warn: baseline"), want: []string{field("enforce")}, says: "refuses nothing"},
		{name: "a level that does not exist", objects: labelled(label + "enforce: strict, " + label + "enforce-version: v1.34, " + label + "audit: baseline, " + label + "warn: baseline"), want: []string{"metadata.labels"}, says: "not understood"},
		{name: "the cluster's own namespaces", objects: "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}"},
		{name: "a workload's namespace that is elsewhere, told once", objects: labelledPod + labelledPod, want: []string{"metadata.namespace"}, outcome: "unknown"},
		{name: "a workload's namespace that is context", objects: labelledPod, context: namespaceNS},
	})
}
