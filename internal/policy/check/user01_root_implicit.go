package check

import "github.com/imagegate/imagegate/internal/gate"

// RootImplicit is USER-01.
var RootImplicit = &Check{
	ID: "USER-01", Name: "root-implicit", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether the config sets a USER at all. Only the config counts: history is the author's text.",
		Why:      "Without one the process runs as root, and a way out of the container is a way into the node as root.",
		Example:  "An image whose config has no User fails, whatever its history says; a base's USER is inherited into the config and counts.",
		Fix:      "Write USER 65532:65532 at the end of the Dockerfile.",
		Controls: []string{"CIS Docker 4.1", "Kubernetes Pod Security Standards: restricted, runAsNonRoot"},
	},
	Decide: func(in Input) Result {
		if classifyUser(in.Image.Config.User) != userImplicit {
			return pass()
		}
		return failed(Finding{Message: "no USER is set, so the process runs as root", Fix: numericFix})
	},
}
