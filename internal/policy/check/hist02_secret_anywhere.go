package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretAnywhere is HIST-02.
var SecretAnywhere = &Check{
	ID: "HIST-02", Name: "secret-anywhere", Severity: gate.SeverityCritical, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Credentials by their form in any line, comment or author of the history.",
		Why:      "A token that a RUN line was given stays in the history when no layer holds it, and everyone who can pull the image can read it.",
		Example:  "RUN curl -H \"Authorization: token ghp_…\" fails, as does git clone https://user:password@…; AKIAIOSFODNN7EXAMPLE passes. The value is never printed.",
		Fix:      "Revoke the credential: it is published. Then give it to the build with RUN --mount=type=secret.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			var findings []Finding
			for _, part := range []struct{ what, text string }{{"line", s.entry.CreatedBy}, {"comment", s.entry.Comment}, {"author", s.entry.Author}} {
				text := part.text[:min(len(part.text), maxStepText)]
				if kind := CredentialKind(text); kind != "" {
					findings = append(findings, Finding{
						Message: fmt.Sprintf("its %s holds %s", part.what, kind),
						Fix:     "revoke it, and give it to the build with RUN --mount=type=secret", Subject: kind,
					})
				}
			}
			return findings
		})
	},
}
