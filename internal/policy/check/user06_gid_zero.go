package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// GIDZero is USER-06.
var GIDZero = &Check{
	ID: "USER-06", Name: "gid-zero", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Whether a process that is not root has the root group.",
		Why:     "Files that root's group may write are open to it. A numeric USER without a passwd line gets gid 0 silently.",
		Example: "USER 65532 without a passwd line fails, USER 65532:65532 passes. On OpenShift gid 0 is the convention: switch the check off there.",
		Fix:     "Write the group too: USER 65532:65532.",
	},
	Decide: func(in Input) Result {
		u := resolvedUser(in.Image)
		switch {
		case u == nil:
			return unknown("no layer was read")
		case u.UID == nil || u.GID == nil:
			return unknown("USER %.100q cannot be resolved", u.Configured)
		case *u.UID == 0 || *u.GID != 0:
			return pass() // root itself is the business of USER-01, -02 and -05
		}
		return failed(Finding{Message: fmt.Sprintf("USER %.100q runs with gid 0, the root group", u.Configured), Fix: fmt.Sprintf("write the group too: USER %d:%d", *u.UID, *u.UID)})
	},
}
