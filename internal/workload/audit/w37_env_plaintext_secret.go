package audit

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// EnvSecret is W-37.
var EnvSecret = &Check{
	ID: "W-37", Name: "env-plaintext-secret", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Environment variables of containers of any class that hold a secret in plain text: by their name, or by the value's form.",
		Why:      "Everyone who can read the manifest, its repository's history or the pod can read the secret.",
		Example:  "name: DB_PASSWORD, value: hunter2 fails; valueFrom.secretKeyRef, DB_PASSWORD_FILE, SECRETS_DIR, $(OTHER), vault:…, op://… and {{ … }} pass; changeme is LOW. The value is never printed.",
		Fix:      "Move the value into a secret that is mounted as a file, and change it: it is known.",
		Controls: []string{"CIS Kubernetes 5.4.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for c := range in.Containers() {
			for i, e := range c.Spec.Env {
				if e.ValueFrom != nil {
					continue
				}
				s := suspect(e.Name, e.Value)
				if s == nil {
					continue
				}
				f := c.finding(fmt.Sprintf(".env[%d]", i), fmt.Sprintf("the environment variable %.100q of %s %q %s", e.Name, c.Class, c.Spec.Name, s.what),
					"mount a Secret as a file, or take the value with valueFrom.secretKeyRef; change the one that was published")
				f.Severity = s.severity
				findings = append(findings, f)
			}
		}
		return findings
	},
}
