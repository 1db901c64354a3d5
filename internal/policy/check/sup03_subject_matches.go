package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SubjectMatches is SUP-03.
var SubjectMatches = &Check{
	ID: "SUP-03", Name: "subject-matches", Severity: gate.SeverityHigh, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether every attestation attached to the image names the image, or its index, among its subjects.",
		Why:      "An attestation copied from another image says nothing about this one, and looks as if it did.",
		Example:  "A provenance whose subject is another digest fails; one whose subject is the index that holds the image passes.",
		Fix:      "Make attestations for the digest they are attached to; remove those that are not.",
		Controls: []string{"in-toto Statement v1, subject"},
	},
	Decide: func(in Input) Result {
		s := in.Image.Supply
		if s == nil {
			return notApplicable("the policy asks for nothing that is attached")
		}
		var findings []Finding
		statements := 0
		for _, a := range s.Attachments {
			if a.Subjects == nil {
				continue
			}
			statements++
			if !a.About {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("the attestation %s (%.100s) is about %.200s, not about this image", a.Digest, a.PredicateType, strings.Join(a.Subjects, ", ")),
					Fix:     "remove it, or make it anew for this digest", Subject: a.Digest,
				})
			}
		}
		if statements == 0 {
			return notApplicable("no attestation is attached")
		}
		return verdictOn(bounded(findings, "attestations about other images"))
	},
}
