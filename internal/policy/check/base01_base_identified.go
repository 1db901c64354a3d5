package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// BaseIdentified is BASE-01.
var BaseIdentified = &Check{
	ID: "BASE-01", Name: "base-identified", Severity: gate.SeverityMedium, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "How well the base image is known: its diffIDs begin the image's own (proven), or labels only claim it, or nothing is known.",
		Why:      "Annotations and labels are the author's text. Fixes of the base reach only images whose base is known.",
		Example:  "An image whose first layers are those of an approved base passes; one that was squashed can only claim its base and fails.",
		Fix:      "Build from a base that the policy approves, and do not squash its layers.",
		Controls: []string{"CIS Docker 4.2"},
	},
	Decide: func(in Input) Result {
		if len(in.Options.ApprovedBases) == 0 && !in.Options.RequireProof {
			return notApplicable("the policy approves no particular bases and asks for no proof of one")
		}
		b := in.Image.Base
		if b == nil {
			return unknown("the base was not looked up")
		}
		if b.Proof.Rank() >= max(in.Options.MinProof.Rank(), gate.ProofClaimed.Rank()) {
			return pass()
		}
		if answer, ok := unproven(in, b); ok {
			return answer
		}
		message := "the base image is unknown: the layers of no base that is known begin this image's"
		if b.Proof == gate.ProofClaimed {
			message = fmt.Sprintf("the image claims the base %s, which its layers do not prove", named(b))
		}
		fix := "build from a base, let the build tool name it in the image's annotations, and keep its layers"
		if len(in.Options.ApprovedBases) > 0 {
			fix = "build from an approved base (" + approvedText(in.Options) + ") and keep its layers"
		}
		return failed(Finding{Message: message, Fix: fix})
	},
}

func named(b *gate.Base) string {
	if b.Reference != "" {
		return b.Reference
	}
	return b.Digest
}
