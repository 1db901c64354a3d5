package check

import (
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Healthcheck is CONF-11.
var Healthcheck = &Check{
	ID: "CONF-11", Name: "healthcheck", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether a Docker image has a HEALTHCHECK, or says NONE. OCI's format has no field for it, so an OCI image without one is not judged.",
		Why:      "Docker and Swarm restart a program that hangs only if the image says how to ask it. Kubernetes ignores the field and has probes of its own.",
		Example:  "A Docker image without HEALTHCHECK, or with HEALTHCHECK NONE, is noted; it is never more than a note.",
		Fix:      "Add a HEALTHCHECK, or a probe to the pod.",
		Controls: []string{"CIS Docker 4.6"},
	},
	Decide: func(in Input) Result {
		test := in.Image.Config.Healthcheck
		switch {
		case len(test) > 0 && strings.EqualFold(test[0], "NONE"):
			return failed(Finding{Message: "HEALTHCHECK NONE switches off the base's health check", Fix: "say how to ask the program whether it works", Subject: "NONE"})
		case len(test) > 0:
			return pass()
		case strings.HasPrefix(in.Image.Manifest.MediaType, "application/vnd.oci."):
			return notApplicable("the image is in OCI's format, which has no field for a health check")
		}
		return failed(Finding{Message: "there is no HEALTHCHECK", Fix: "add one, or a probe to the pod"})
	},
}
