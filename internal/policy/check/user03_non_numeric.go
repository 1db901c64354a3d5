package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// NonNumericUser is USER-03.
var NonNumericUser = &Check{
	ID: "USER-03", Name: "non-numeric", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether USER is a number.",
		Why:      "The kubelet cannot verify runAsNonRoot for a name and refuses to start the container (CreateContainerConfigError), unless the pod sets runAsUser.",
		Example:  "USER app fails, USER 65532 and USER 65532:app pass. Root is the business of USER-01 and USER-02.",
		Fix:      "Write the number: USER 65532:65532.",
		Controls: []string{"Kubernetes: kubelet verifyRunAsNonRoot"},
	},
	Decide: func(in Input) Result {
		configured := in.Image.Config.User
		if classifyUser(configured) != userName {
			return pass()
		}
		fix := numericFix
		if u := resolvedUser(in.Image); u != nil && u.UID != nil && *u.UID != 0 {
			fix = fmt.Sprintf("write the number it resolves to: USER %d", *u.UID)
			if u.GID != nil {
				fix += fmt.Sprintf(":%d", *u.GID)
			}
		}
		return failed(Finding{Message: fmt.Sprintf("USER %.100q is a name: Kubernetes cannot verify runAsNonRoot and will not start it", configured), Fix: fix})
	},
}
