package audit

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SecretAsEnv is W-39.
var SecretAsEnv = &Check{
	ID: "W-39", Name: "secret-as-env", Severity: gate.SeverityLow,
	Doc: Doc{
		What:     "Secrets that containers take as environment variables.",
		Why:      "Variables are inherited by every child process, stand in crash reports, and do not change when the Secret does. It is still far better than a literal value, and therefore never more than LOW.",
		Example:  "valueFrom.secretKeyRef and envFrom.secretRef are noted; a volume of the Secret passes.",
		Fix:      "Mount the Secret as a file where the program can read one.",
		Controls: []string{"CIS Kubernetes 5.4.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for c := range in.Containers() {
			var names []string
			field := ""
			for i, e := range c.Spec.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					names = append(names, e.Name)
					if field == "" {
						field = fmt.Sprintf(".env[%d]", i)
					}
				}
			}
			for i, e := range c.Spec.EnvFrom {
				if e.SecretRef != nil {
					names = append(names, "all of Secret "+e.SecretRef.Name)
					if field == "" {
						field = fmt.Sprintf(".envFrom[%d]", i)
					}
				}
			}
			if len(names) == 0 {
				continue
			}
			findings = append(findings, c.finding(field, fmt.Sprintf("%s %q takes secrets as environment variables: %s", c.Class, c.Spec.Name, listed(names)),
				"mount the Secret as a volume, and let the program read the file"))
		}
		return findings
	},
}

// listed joins names, and counts those beyond the tenth.
func listed(names []string) string {
	const most = 10
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
