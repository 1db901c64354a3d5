package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnresolvableUser is USER-04.
var UnresolvableUser = &Check{
	ID: "USER-04", Name: "name-unresolvable", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Whether runtimes can resolve USER in the image's own, flattened /etc/passwd and /etc/group.",
		Why:     "If they cannot, the container does not start.",
		Example: "USER app without an app line in passwd fails, also when a lower layer had one that an upper layer replaced; USER 65532 needs no passwd.",
		Fix:     "Create the user in the image, or write USER as a number.",
	},
	Decide: func(in Input) Result {
		u := resolvedUser(in.Image)
		if u == nil {
			return unknown("no layer was read")
		}
		if u.Source != "unresolved" {
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("USER %.100q cannot be resolved, so the container will not start: %s", u.Configured, u.Problem), Fix: "create the user in the image, or " + numericFix, Path: "/etc/passwd"})
	},
}
