package audit

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// ImageRegistry is W-27.
var ImageRegistry = &Check{
	ID: "W-27", Name: "image-registry", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Whether every image is from an allowed registry or repository. Nothing is said where none was named.",
		Why:      "What comes from elsewhere was never checked, and its owner can change it.",
		Example:  "With registry.example/team allowed, `registry.example/team/app:1` passes; `registry.example/team-evil/app`, `registry.example.evil/team/app` and `nginx` (which is docker.io/library/nginx) fail: whole path components are compared.",
		Fix:      "Mirror the image into an allowed registry and use it from there.",
		Controls: []string{"CIS Kubernetes 5.5.1", "NIST SP 800-190 4.2"},
	},
	Decide: func(in Input) []Finding {
		if len(in.Options.AllowedRegistries) == 0 {
			return nil
		}
		var all []Finding
		for _, use := range in.images() {
			ref, err := use.parse()
			if err != nil {
				// An ill-formed digest (W-26) does not change where from.
				name, _, found := strings.Cut(use.Image, "@")
				if ref, err = gate.ParseReference(name); err != nil || !found {
					continue
				}
			}
			if !allowedFrom(in.Options.AllowedRegistries, ref.Repository) {
				all = append(all, use.finding(fmt.Sprintf("%.200q is from no allowed registry", ref.Repository), fmt.Sprintf("use one of %.300s", strings.Join(in.Options.AllowedRegistries, ", "))))
			}
		}
		return all
	},
}

// allowedFrom reports whether a repository is one of those allowed or below
// one, component by component.
func allowedFrom(allowed []string, repository string) bool {
	for _, entry := range allowed {
		entry = fullPath(entry)
		if entry != "" && (repository == entry || strings.HasPrefix(repository, entry+"/")) {
			return true
		}
	}
	return false
}

// fullPath spells an allowed registry or repository as references are spelled:
// without a registry it is Docker Hub's.
func fullPath(entry string) string {
	entry = strings.TrimSpace(entry)
	entry = strings.TrimSuffix(strings.TrimSuffix(entry, "/*"), "/")
	host, rest, _ := strings.Cut(entry, "/")
	switch {
	case entry == "":
		return ""
	case host == "index.docker.io":
		return strings.TrimSuffix("docker.io/"+rest, "/")
	case strings.ContainsAny(host, ".:") || host == "localhost":
		return entry
	}
	return "docker.io/" + entry
}
