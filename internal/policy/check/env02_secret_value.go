package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretValue is ENV-02.
var SecretValue = &Check{
	ID: "ENV-02", Name: "secret-value", Severity: gate.SeverityCritical, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Environment variables whose value has the form of a credential, whatever the name.",
		Why:      "Everyone who can pull the image can read its config, and those who look for such strings read public registries all day.",
		Example:  "A GitHub token, an AWS key id, a PEM private key, a JWT, or a URL with a password fail; AKIAIOSFODNN7EXAMPLE passes. The value is never printed.",
		Fix:      "Revoke the credential: it is published. Then take it at run time from a secret.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, line := range in.Image.Config.Env {
			name, value, _ := strings.Cut(line, "=")
			if slices.Contains(in.Options.AllowedEnv, name) {
				continue
			}
			if kind := CredentialKind(value); kind != "" {
				findings = append(findings, Finding{
					Subject: subject(name), Message: fmt.Sprintf("the environment variable %.100q holds %s", name, kind),
					Fix: "revoke it, rebuild without it, and take it at run time from a secret",
				})
			}
		}
		return verdictOn(bounded(findings, "variables"))
	},
}
