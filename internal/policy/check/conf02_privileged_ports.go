package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// PrivilegedPorts is CONF-02.
var PrivilegedPorts = &Check{
	ID: "CONF-02", Name: "privileged-ports", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Ports below 1024 that an image exposes whose user is not root.",
		Why:      "Docker from 20.10 and containerd from 2.0 let everybody bind them; CRI-O and older runtimes refuse, and the program ends when it starts.",
		Example:  "EXPOSE 80 with USER 65532 is noted; EXPOSE 8080 passes, and so does EXPOSE 80 as root.",
		Fix:      "Listen on a port from 1024 on, and let the service map the public one to it.",
		Controls: []string{"Trivy KSV-0117"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, spec := range in.Image.Config.ExposedPorts {
			if p, _, err := parsePort(spec); err == nil && p < 1024 {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("port %d is exposed and the user is not root: some runtimes do not let it listen there", p),
					Fix:     "listen on a port from 1024 on", Subject: fmt.Sprint(p),
				})
			}
		}
		u := ConfiguredUser(in.Image)
		switch {
		case len(findings) == 0 || (u.UID != nil && *u.UID == 0):
			return pass()
		case u.UID == nil:
			return unknown("USER %.100q is not resolved", u.Configured)
		}
		return verdictOn(bounded(findings, "ports"))
	},
}
