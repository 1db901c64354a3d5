package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretName is ENV-01.
var SecretName = &Check{
	ID: "ENV-01", Name: "secret-name", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Environment variables whose name says that they hold a secret and whose value is a literal.",
		Why:      "Everyone who can pull the image can read its config.",
		Example:  "DB_PASSWORD=hunter2 fails; DB_PASSWORD_FILE=/run/secrets/db, API_TOKEN=${TOKEN}, PUBLIC_KEY=… and TOKEN_TTL=30 pass; changeme is LOW.",
		Fix:      "Take the value at run time from a secret (a mounted file is best), and change the secret that was published.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, line := range in.Image.Config.Env {
			name, value, _ := strings.Cut(line, "=")
			if !NamesSecret(name) || slices.Contains(in.Options.AllowedEnv, name) || HarmlessValue(value) {
				continue
			}
			severity := gate.SeverityHigh
			if PlaceholderValue(value) {
				severity = gate.SeverityLow
			}
			findings = append(findings, Finding{
				Severity: severity, Subject: subject(name), Message: fmt.Sprintf("the environment variable %.100q holds a literal value and its name says that it is a secret", name),
				Fix: "take it at run time from a secret, and change the one that was published",
			})
		}
		return verdictOn(bounded(findings, "variables"))
	},
}
