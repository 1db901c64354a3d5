package audit

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// ArgsSecret is W-38.
var ArgsSecret = &Check{
	ID: "W-38", Name: "args-secret", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Secrets in the commands and arguments of containers, their probes and their hooks.",
		Why:      "Arguments stand in the manifest, in the pod's description, and in the list of processes of the node.",
		Example:  "args: [--password=hunter2], [--token, abc123] and sh -c \"DB_PASSWORD=hunter2 ./app\" fail; --password-file=/run/secrets/db, --password=$(DB_PASSWORD), --token-ttl=30 pass. The value is never printed.",
		Fix:      "Give the program a file to read, or $(NAME) of a variable that comes from a Secret; change what was published.",
		Controls: []string{"CIS Kubernetes 5.4.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for c := range in.Containers() {
			for _, line := range commandsOf(c.Spec) {
				for _, s := range secretArgs(line.words) {
					f := c.finding(fmt.Sprintf("%s[%d]", line.field, s.index), fmt.Sprintf("%s of %s %q %s", s.what, c.Class, c.Spec.Name, s.suspicion.what),
						"pass a file that a Secret is mounted at; change the one that was published")
					f.Severity = s.severity
					findings = append(findings, f)
				}
			}
		}
		return findings
	},
}
