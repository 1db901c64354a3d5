package audit

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// vaultPrefix begins the annotations that Vault's agent injector reads, on
// pods and nowhere else.
const vaultPrefix = "vault.hashicorp.com/"

// vaultInjects reports whether the injector adds an agent to the pod.
func vaultInjects(t manifest.Template) bool {
	return truth(t.Meta.Annotations[vaultPrefix+"agent-inject"])
}

// truth reads an annotation as the injector does (strconv.ParseBool).
func truth(s string) bool {
	return slices.Contains([]string{"1", "t", "T", "TRUE", "true", "True"}, s)
}

// vaultFindings judges one workload's use of the injector.
func vaultFindings(t manifest.Template, accounts map[named]*corev1.ServiceAccount) []Finding {
	findings := misplaced(t)
	if !vaultInjects(t) {
		return findings
	}
	a := t.Meta.Annotations
	say := func(field, message, fix string) {
		f := about(t.Object, field, message, fix)
		f.Severity = gate.SeverityMedium
		findings = append(findings, f)
	}
	at := under(t.Path, "metadata.annotations")
	if !annotated(a, "role") && !annotated(a, "agent-configmap") && !annotated(a, "auth-") {
		say(at, "the pod asks for Vault's agent and names no role: the agent cannot log in", "add the annotation vault.hashicorp.com/role")
	}
	if !annotated(a, "agent-inject-secret-") && !annotated(a, "agent-configmap") && !annotated(a, "agent-inject-token") && !annotated(a, "agent-inject-template-") {
		say(at, "the pod asks for Vault's agent and names no secret: nothing is written to /vault/secrets", "add an annotation vault.hashicorp.com/agent-inject-secret-NAME with the secret's path")
	}
	if !mountsToken(t, accounts) && !annotated(a, "agent-service-account-token-volume-name") && !annotated(a, "auth-") {
		say(t.SpecPath+".automountServiceAccountToken", "the pod asks for Vault's agent and mounts no service account token: the injector refuses it, because the agent could not log in",
			"mount a projected token with Vault's audience, and name its volume in vault.hashicorp.com/agent-service-account-token-volume-name")
	}
	return append(findings, shadowed(t)...)
}

// annotated reports whether the injector is told something; a name that ends
// in a dash stands for all that begin with it.
func annotated(annotations map[string]string, name string) bool {
	for key := range annotations {
		rest, found := strings.CutPrefix(key, vaultPrefix)
		if found && (rest == name || strings.HasSuffix(name, "-") && strings.HasPrefix(rest, name)) {
			return true
		}
	}
	return false
}

// misplaced finds the injector's annotations on the workload itself, where
// nothing reads them. The patch writes them to the pod template, unless one
// of them is a template, which may hold anything.
func misplaced(t manifest.Template) []Finding {
	own := t.Object.Unstructured.GetAnnotations()
	if t.Path == "" || vaultInjects(t) || !truth(own[vaultPrefix+"agent-inject"]) {
		return nil
	}
	at := under(t.Path, "metadata.annotations")
	f := about(t.Object, manifest.Join("metadata.annotations", vaultPrefix+"agent-inject"),
		fmt.Sprintf("the annotations of Vault's injector stand on the %s: the injector reads those of pods, so nothing is injected", t.Object.Kind()),
		"move them to "+at)
	f.Severity = gate.SeverityMedium
	moved := map[string]any{}
	for k, v := range own {
		name, found := strings.CutPrefix(k, vaultPrefix)
		switch {
		case !found:
		case name == "agent-inject", name == "role", strings.HasPrefix(name, "agent-inject-secret-"):
			moved[k] = v
		default:
			return []Finding{f}
		}
	}
	if t.Meta.Annotations == nil {
		f.Patch = set(t.Object, at, moved)
		return []Finding{f}
	}
	for _, k := range slices.Sorted(maps.Keys(moved)) {
		f.Patch = append(f.Patch, set(t.Object, manifest.Join(at, k), moved[k])...)
	}
	return []Finding{f}
}

// shadowed finds what the pod itself puts where the injector puts its volume
// and its container.
func shadowed(t manifest.Template) []Finding {
	target := t.Meta.Annotations[vaultPrefix+"secret-volume-path"]
	if target == "" {
		target = "/vault/secrets"
	}
	var findings []Finding
	for _, c := range Containers(t) {
		for i, m := range c.Spec.VolumeMounts {
			if path.Clean(m.MountPath) == path.Clean(target) {
				f := c.finding(fmt.Sprintf(".volumeMounts[%d]", i), fmt.Sprintf("%s %q mounts its own volume %q at %s, where the injector mounts the secrets: they are hidden, or the pod is refused", c.Class, c.Spec.Name, m.Name, target),
					"remove the mount and its volume: the injector adds both")
				f.Severity = gate.SeverityMedium
				findings = append(findings, f)
			}
		}
		if c.Spec.Name == "vault-agent" || c.Spec.Name == "vault-agent-init" {
			f := c.finding("", fmt.Sprintf("the pod has a container %q of its own and asks the injector for one of the same name: the pod is refused", c.Spec.Name), "keep one of them")
			f.Severity = gate.SeverityMedium
			findings = append(findings, f)
		}
	}
	return findings
}
