package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UID0Alias is USER-05.
var UID0Alias = &Check{
	ID: "USER-05", Name: "uid0-alias", Severity: gate.SeverityCritical, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Whether USER is a name that the image's passwd gives uid 0.",
		Why:      "It looks like an unprivileged user and is root: by mistake, or to get past a check.",
		Example:  "USER toor with toor:x:0:0 in passwd fails; the first matching line counts, as it does for runtimes.",
		Fix:      "Give the user a uid of its own and write it as a number.",
		Controls: []string{"CIS Docker 4.1"},
	},
	Decide: func(in Input) Result {
		if classifyUser(in.Image.Config.User) != userName {
			return pass()
		}
		u := resolvedUser(in.Image)
		switch {
		case u == nil:
			return unknown("no layer was read")
		case u.UID == nil:
			return unknown("USER %.100q cannot be resolved", u.Configured)
		case *u.UID != 0:
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("USER %.100q is uid 0 in the image's passwd: the process runs as root", u.Configured), Fix: numericFix, Path: "/etc/passwd"})
	},
}
