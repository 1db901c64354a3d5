package check

import (
	"fmt"
	"regexp"
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
			if kind := secretKind(value); kind != "" {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("the environment variable %.100q holds %s", name, kind),
					Fix:     "revoke it, rebuild without it, and take it at run time from a secret",
				})
			}
		}
		return verdictOn(bounded(findings, "variables"))
	},
}

// secretForms are forms that next to nothing but a credential has.
var secretForms = []struct {
	kind string
	form *regexp.Regexp
}{
	{"a GitHub token", regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})`)},
	{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"an AWS access key id", regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a private key", regexp.MustCompile(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abposr]-[A-Za-z0-9-]{10,}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"a Stripe key", regexp.MustCompile(`\b[sr]k_live_[A-Za-z0-9]{16,}`)},
	{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}`)},
}

// urlPassword is a URL's user and password (RFC 3986, section 3.2.1).
var urlPassword = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@`)

// secretKind says which kind of credential a value has the form of, or "".
func secretKind(value string) string {
	for _, f := range secretForms {
		if match := f.form.FindString(value); match != "" && !strings.Contains(match, "EXAMPLE") {
			return f.kind
		}
	}
	if m := urlPassword.FindStringSubmatch(value); m != nil && !harmlessValue(m[1]) && !placeholder(m[1]) {
		return "a URL with a password"
	}
	return ""
}
