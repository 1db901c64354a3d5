package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// auditDocument is a policy of audit.k8s.io/v1. The types of the API server
// would bring the API server along.
type auditDocument struct {
	APIVersion        string      `json:"apiVersion"`
	Kind              string      `json:"kind"`
	Metadata          any         `json:"metadata"`
	Rules             []auditRule `json:"rules"`
	OmitStages        []string    `json:"omitStages"`
	OmitManagedFields bool        `json:"omitManagedFields"`
}

type auditRule struct {
	Level             string           `json:"level"`
	Users             []string         `json:"users"`
	UserGroups        []string         `json:"userGroups"`
	Verbs             []string         `json:"verbs"`
	Resources         []auditResources `json:"resources"`
	Namespaces        []string         `json:"namespaces"`
	NonResourceURLs   []string         `json:"nonResourceURLs"`
	OmitStages        []string         `json:"omitStages"`
	OmitManagedFields *bool            `json:"omitManagedFields"`
}

type auditResources struct {
	Group         string   `json:"group"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames"`
}

// auditLevels are the levels, each with more in it than the one before.
var auditLevels = []string{"None", "Metadata", "Request", "RequestResponse"}

func (r auditRule) rank() int { return slices.Index(auditLevels, r.Level) }

// holds reports whether the rule can decide about a resource, and whether it
// decides about every request for it. The first rule that matches decides.
func (r auditRule) holds(group, resource string) (some, all bool) {
	if len(r.NonResourceURLs) > 0 {
		return false, false
	}
	whole := len(r.Users) == 0 && len(r.UserGroups) == 0 && len(r.Verbs) == 0 && len(r.Namespaces) == 0
	if len(r.Resources) == 0 {
		return true, whole
	}
	for _, g := range r.Resources {
		if g.Group != group || len(g.Resources) > 0 && !slices.ContainsFunc(g.Resources, func(s string) bool { return auditMatches(s, resource) }) {
			continue
		}
		some = true
		all = all || whole && len(g.ResourceNames) == 0
	}
	return some, all
}

// auditMatches is the API server's matching: "*" is everything, "pods/*" the
// subresources of pods, "*/scale" that subresource of all.
func auditMatches(pattern, resource string) bool {
	parent, sub, isSub := strings.Cut(resource, "/")
	switch {
	case pattern == "*" || pattern == resource:
		return true
	case isSub && pattern == parent+"/*", isSub && pattern == "*/"+sub:
		return true
	}
	return false
}

// decided is the rule that decides about all requests for a resource, or -1;
// on the way, each rule that can decide about some is handed to see.
func (d auditDocument) decided(group, resource string, see func(int)) int {
	for i, r := range d.Rules {
		some, all := r.holds(group, resource)
		if some {
			see(i)
		}
		if all {
			return i
		}
	}
	return -1
}

// auditPolicy judges a policy.
func auditPolicy(o *manifest.Object) []Finding {
	var d auditDocument
	text, err := json.Marshal(o.Unstructured.Object)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &d)
	}
	if err != nil {
		return []Finding{about(o, "rules", "the API server cannot load the audit policy: "+err.Error(), "correct the field")}
	}
	if d.APIVersion != "audit.k8s.io/v1" {
		f := about(o, "apiVersion", d.APIVersion+" is no longer served: the API server does not start with the policy", "write apiVersion: audit.k8s.io/v1")
		f.Patch = set(o, "apiVersion", "audit.k8s.io/v1")
		return []Finding{f}
	}
	if len(d.Rules) == 0 {
		return []Finding{about(o, "rules", "the audit policy has no rules: the API server does not load it", "add rules, and end with level: Metadata")}
	}
	for i, r := range d.Rules {
		if r.rank() < 0 {
			return []Finding{about(o, fmt.Sprintf("rules[%d].level", i), fmt.Sprintf("the level %.40q does not exist: the API server does not load the policy", r.Level), "write None, Metadata, Request or RequestResponse")}
		}
	}
	return append(d.tooMuch(o), d.tooLittle(o)...)
}

// tooMuch finds rules that log the bodies of what is secret.
func (d auditDocument) tooMuch(o *manifest.Object) []Finding {
	loud := map[int][]string{}
	for _, r := range [][2]string{{"", "secrets"}, {"", "configmaps"}, {"authentication.k8s.io", "tokenreviews"}, {"", "serviceaccounts/token"}} {
		d.decided(r[0], r[1], func(i int) {
			if d.Rules[i].rank() > slices.Index(auditLevels, "Metadata") {
				loud[i] = append(loud[i], r[1])
			}
		})
	}
	var findings []Finding
	for i := range d.Rules {
		if len(loud[i]) > 0 {
			findings = append(findings, about(o, fmt.Sprintf("rules[%d]", i), fmt.Sprintf("the rule logs the bodies of %s, secrets and tokens among them, at level %s", listed(loud[i]), d.Rules[i].Level),
				"put a rule before it that logs secrets, configmaps, tokenreviews (group authentication.k8s.io) and serviceaccounts/token at level Metadata"))
		}
	}
	return findings
}

// tooLittle finds what an investigation would miss.
func (d auditDocument) tooLittle(o *manifest.Object) []Finding {
	var findings []Finding
	for _, r := range []struct {
		group, resource, level, why string
	}{
		{"", "secrets", "Metadata", "who read which Secret"},
		{"", "pods/exec", "Metadata", "who ran commands in pods"},
		{"rbac.authorization.k8s.io", "clusterrolebindings", "Request", "which rights were given"},
		{"rbac.authorization.k8s.io", "rolebindings", "Request", "which rights were given"},
	} {
		i := d.decided(r.group, r.resource, func(int) {})
		if i >= 0 && d.Rules[i].rank() < slices.Index(auditLevels, r.level) {
			findings = append(findings, lower(about(o, fmt.Sprintf("rules[%d]", i), fmt.Sprintf("%s are logged at level %s: the log does not tell %s", r.resource, d.Rules[i].Level, r.why),
				fmt.Sprintf("log them at level %s in an earlier rule", r.level))))
		}
	}
	// A resource that no rule names shows whether anything falls through.
	if d.decided("example.com", "things", func(int) {}) < 0 {
		last := fmt.Sprintf("rules[%d]", len(d.Rules)-1)
		findings = append(findings, lower(about(o, last, "requests that no rule names are not logged", "end with a rule of level: Metadata and nothing else")))
	}
	return findings
}
