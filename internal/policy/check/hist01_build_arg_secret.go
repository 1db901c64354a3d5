package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// BuildArgSecret is HIST-01.
var BuildArgSecret = &Check{
	ID: "HIST-01", Name: "build-arg-secret", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Build arguments in the history, in ARG lines and those that RUN lines were given, whose name says that they hold a secret or whose value has the form of one.",
		Why:      "Builders write build arguments into the history, and everyone who can pull the image can read it.",
		Example:  "ARG NPM_TOKEN=abcdef is HIGH, RUN |1 X=ghp_… is CRITICAL; ARG NPM_TOKEN, ARG TOKEN_FILE=/run/t and ARG SECRET_TOOL=1.2.3 pass. The value is never printed.",
		Fix:      "Revoke the secret, and give it to the build with RUN --mount=type=secret.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		seen := map[string]bool{}
		return overHistory(in, func(s step) []Finding {
			if s.instruction != "ARG" && s.instruction != "RUN" {
				return nil // ENV is in the config, for ENV-01 and ENV-02
			}
			var findings []Finding
			for _, v := range s.variables {
				what, severity := heldSecret(v.name, v.value)
				if what == "" || seen[v.name+what] {
					continue // each RUN repeats the arguments before it
				}
				seen[v.name+what] = true
				findings = append(findings, Finding{
					Severity: severity, Message: fmt.Sprintf("the build argument %.100q %s", v.name, what),
					Fix: "revoke it, and give it to the build with RUN --mount=type=secret", Subject: subject(v.name),
				})
			}
			return findings
		})
	},
}
