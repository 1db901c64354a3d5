package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// BaseSigned is BASE-08.
var BaseSigned = &Check{
	ID: "BASE-08", Name: "base-signature", Severity: gate.SeverityMedium, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether the base image carries a valid cosign signature by the key, or the identity (keyless), that the policy names for it.",
		Why:      "A registry account that was taken over can push a base; it cannot sign one.",
		Example:  "With base: {signatures: [{base: registry.example/base/*, key: …}]}, an image on an unsigned registry.example/base/go fails; bases for which nobody is named are not judged.",
		Fix:      "Build on a signed build of the base, or ask its maker to sign.",
		Controls: []string{"CIS Docker 4.5", "CIS Docker 4.12"},
	},
	Decide: func(in Input) Result {
		b := in.Image.Base
		switch {
		case b == nil:
			return unknown("the base was not looked up")
		case b.Signature == nil:
			return notApplicable("the policy names no key or identity for the base")
		case b.Signature.Verified:
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("the base %s is not signed by whom the policy names for it: %.300s", named(b), b.Signature.Problem),
			Fix:     "build on a signed build of the base", Subject: b.Reference,
		})
	},
}
