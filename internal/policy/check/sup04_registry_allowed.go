package check

import (
	"fmt"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// RegistryAllowed is SUP-04.
var RegistryAllowed = &Check{
	ID: "SUP-04", Name: "registry-allowed", Severity: gate.SeverityHigh, Tier: TierReference,
	Doc: Doc{
		What:     "Whether the image comes from a registry or repository the policy names, compared part by part.",
		Why:      "What anyone may push to, nobody answers for.",
		Example:  "With supply: {registries: [registry.example/team]}, registry.example/team/app passes; registry.example/team-b/app and registry.example.evil.test/team/app fail. nginx is docker.io/library/nginx.",
		Fix:      "Push the image to a registry of the policy, and deploy it from there.",
		Controls: []string{"NIST SP 800-190 4.1.5"},
	},
	Decide: func(in Input) Result {
		if len(in.Options.AllowedRegistries) == 0 {
			return notApplicable("the policy names no registries")
		}
		ref := in.Evidence.Reference
		if ref.Repository == "" {
			return notApplicable("the image is a local file")
		}
		for _, p := range in.Options.AllowedRegistries {
			if within(p, ref.Repository) {
				return pass()
			}
		}
		return failed(Finding{
			Message: fmt.Sprintf("%s is not in one of %.300s", ref.Repository, strings.Join(in.Options.AllowedRegistries, ", ")),
			Fix:     "push the image to a registry of the policy, and deploy it from there", Subject: ref.Repository,
		})
	},
}

// within reports whether a repository is the pattern's or lies below it; each
// part of the pattern may hold * and ?.
func within(pattern, repository string) bool {
	want := strings.Split(strings.TrimSuffix(strings.TrimSuffix(pattern, "/**"), "/"), "/")
	have := strings.Split(repository, "/")
	if len(have) < len(want) {
		return false
	}
	for i, w := range want {
		if ok, err := path.Match(w, have[i]); err != nil || !ok {
			return false
		}
	}
	return true
}
