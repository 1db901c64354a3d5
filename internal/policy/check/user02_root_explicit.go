package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// RootExplicit is USER-02.
var RootExplicit = &Check{
	ID: "USER-02", Name: "root-explicit", Severity: gate.SeverityHigh, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether USER is uid 0 in any spelling that runtimes read so.",
		Why:      "Comparing with \"root\" and \"0\" misses 00, +0, 0:1000 and :1000, all of which run as root.",
		Example:  "root, root:app, 0, 00, +0, 0:0 and :1000 fail; 65532, app and nonroot:nonroot are not root by spelling.",
		Fix:      "Write USER 65532:65532 at the end of the Dockerfile.",
		Controls: []string{"CIS Docker 4.1", "Kubernetes Pod Security Standards: restricted, runAsNonRoot"},
	},
	Decide: func(in Input) Result {
		configured := in.Image.Config.User
		if classifyUser(configured) != userRoot {
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("USER %.100q is uid 0: the process runs as root", configured), Fix: numericFix})
	},
}
