package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretInArgs is CONF-13.
var SecretInArgs = &Check{
	ID: "CONF-13", Name: "secret-in-args", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Secrets in Entrypoint and Cmd: options whose name says so with a literal value, short options of programs known for them, URLs with passwords, Authorization headers, and what has the form of a credential.",
		Why:      "Everyone who can pull the image reads them, and so does everyone who can list processes.",
		Example:  "--db-password=hunter2 and mysql -phunter2 fail; --password=$DB_PASSWORD, --password-file /run/secrets/db and --token=/run/secrets/t pass. The value is never printed.",
		Fix:      "Take it at run time from a mounted secret, and change the one that was published.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		seen := map[argument]bool{}
		for _, c := range started(in.Image.Config) {
			for _, a := range secretArguments(c) {
				if seen[a] {
					continue // sh -c: as an argument, and in its script
				}
				seen[a] = true
				findings = append(findings, Finding{
					Severity: a.severity, Message: fmt.Sprintf("in what the image starts, %s %s", a, a.what),
					Fix: "take it at run time from a mounted secret, and change the one that was published", Subject: subject(a.name),
				})
			}
		}
		return verdictOn(graded(findings, "secrets"))
	},
}
