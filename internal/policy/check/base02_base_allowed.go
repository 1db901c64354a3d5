package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// BaseAllowed is BASE-02.
var BaseAllowed = &Check{
	ID: "BASE-02", Name: "base-allowed", Severity: gate.SeverityHigh, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether the base image is one the policy approves, by the diffIDs of its layers.",
		Why:      "The base brings most of an image's packages. A label that names an approved base is no proof: anyone can write it.",
		Example:  "With base: {approved: [gcr.io/distroless/static]}, an image on that base passes, and one that only carries its name in a label fails.",
		Fix:      "Build from an approved base, or add the base to the policy.",
		Controls: []string{"CIS Docker 4.2"},
	},
	Decide: func(in Input) Result {
		if len(in.Options.ApprovedBases) == 0 {
			return notApplicable("the policy approves no particular bases")
		}
		b := in.Image.Base
		if b == nil {
			return unknown("the base was not looked up")
		}
		if b.Proof.Rank() >= gate.ProofAttested.Rank() {
			return pass()
		}
		if answer, ok := unproven(in, b); ok {
			return answer
		}
		message := "the image is not built on an approved base"
		if b.Proof == gate.ProofClaimed {
			message += fmt.Sprintf("; it claims %s", named(b))
		}
		return failed(Finding{Message: message, Fix: "build from one of " + approvedText(in.Options) + ", or add the base to the policy"})
	},
}
