package audit

import (
	"fmt"
	"strings"

	"k8s.io/pod-security-admission/api"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// NamespacePodSecurity is W-34.
var NamespacePodSecurity = &Check{
	ID: "W-34", Name: "ns-pss-labels", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "The labels by which a namespace asks the API server to enforce the Pod Security Standards: a level of restricted or baseline, a pinned version, and warnings and audit entries.",
		Why:      "Without enforce, any pod that a user can create may take over its node. Without a version, an upgrade of the cluster changes what is refused.",
		Example:  "A namespace without pod-security.kubernetes.io/enforce, or with privileged, fails; enforce: restricted with enforce-version: v1.34, warn and audit passes. enforce-version: latest or none is LOW. Namespaces of the cluster itself (kube-…) are not judged.",
		Fix:      "Set pod-security.kubernetes.io/enforce, and enforce-version to the version that the workloads were tested with.",
		Controls: []string{"CIS Kubernetes 5.2.1", "NSA/CISA Pod Security"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		namespaces, told := namespacesOf(in), map[string]bool{}
		for _, o := range in.Objects {
			if o.Is("", "Namespace") && !strings.HasPrefix(o.Name(), "kube-") {
				findings = append(findings, podSecurityLabels(o, in.Options.PodSecurityVersion)...)
			}
		}
		for t := range in.Templates() {
			namespace := t.Object.Namespace()
			if _, found := namespaces[namespace]; found || namespace == "" || told[namespace] || strings.HasPrefix(namespace, "kube-") {
				continue
			}
			told[namespace] = true
			findings = append(findings, unsure(t.Object, "metadata.namespace",
				fmt.Sprintf("namespace %q is not among the objects: whether it enforces the Pod Security Standards cannot be told", namespace),
				"audit the Namespace along with its workloads, or hand it in as context"))
		}
		return findings
	},
}

const (
	podSecurityLabel = "pod-security.kubernetes.io/"
	namespaceLabels  = "metadata.labels"
)

// podSecurityLabels judges the labels as the API server reads them: a level it
// does not know becomes restricted, and warn follows enforce when it is not set.
func podSecurityLabels(o *manifest.Object, pinned string) []Finding {
	labels := o.Labels()
	open := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	policy, errs := api.PolicyToEvaluate(labels, api.Policy{Enforce: open, Audit: open, Warn: open})
	var findings []Finding
	for _, err := range errs {
		findings = append(findings, about(o, namespaceLabels, "a label of the Pod Security Standards is not understood: "+err.Error(),
			"write restricted, baseline or privileged for a level, and v1.34 or the like for a version"))
	}
	field := func(name string) string { return manifest.Join(namespaceLabels, podSecurityLabel+name) }
	switch level := labels[podSecurityLabel+"enforce"]; {
	case level == "":
		findings = append(findings, about(o, namespaceLabels, "the namespace does not enforce the Pod Security Standards: privileged pods are admitted",
			"label it pod-security.kubernetes.io/enforce: restricted; try it first with kubectl label --dry-run=server"))
		return append(findings, quietLevels(o, policy)...)
	case level == string(api.LevelPrivileged):
		findings = append(findings, about(o, field("enforce"), "enforce: privileged refuses nothing",
			"set it to restricted, or to baseline where a workload needs that"))
		return append(findings, quietLevels(o, policy)...)
	}
	if policy.Enforce.Latest() {
		f := lower(about(o, field("enforce-version"), "the version of the enforced standard is not pinned: an upgrade of the cluster changes which pods are refused",
			"label it pod-security.kubernetes.io/enforce-version with the minor version that the workloads were tested with"))
		if pinned != "" { // only who asks knows the cluster's version
			f.Patch = set(o, f.Field, pinned)
		}
		findings = append(findings, f)
	}
	return append(findings, quietLevels(o, policy)...)
}

// quietLevels finds warnings and audit entries that are not asked for. To ask
// is safe: they refuse nothing.
func quietLevels(o *manifest.Object, policy api.Policy) []Finding {
	var findings []Finding
	for _, mode := range []struct {
		name  string
		level api.Level
	}{{"warn", policy.Warn.Level}, {"audit", policy.Audit.Level}} {
		if mode.level != api.LevelPrivileged {
			continue
		}
		label := podSecurityLabel + mode.name
		f := lower(about(o, manifest.Join(namespaceLabels, label), fmt.Sprintf("the namespace does not ask for %s at any level: what restricted would refuse goes unseen", label),
			"label it "+label+": restricted; it refuses nothing"))
		f.Patch = set(o, f.Field, string(api.LevelRestricted))
		findings = append(findings, f)
	}
	return findings
}
