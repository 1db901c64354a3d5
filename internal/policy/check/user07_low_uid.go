package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// LowUID is USER-07.
var LowUID = &Check{
	ID: "USER-07", Name: "low-uid", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Whether the uid lies below those that hosts give to their own users (10000, if the policy says nothing else).",
		Why:     "A process that breaks out has the rights of the host's user with its number.",
		Example: "USER 101 (nginx) and 1000 are noted, USER 65532 passes. Root is the business of USER-01, -02 and -05.",
		Fix:     "Write USER 65532:65532, or any uid from 10000 on.",
	},
	Decide: func(in Input) Result {
		least := in.Options.MinUID
		if least <= 0 {
			return notApplicable("the policy sets no lowest uid")
		}
		u := ConfiguredUser(in.Image)
		switch {
		case u.UID == nil:
			return unknown("USER %.100q is not resolved", u.Configured)
		case *u.UID == 0 || *u.UID >= least:
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("uid %d may be that of a user of the host: it is below %d", *u.UID, least),
			Fix:     numericFix, Subject: fmt.Sprint(*u.UID),
		})
	},
}
