package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// AlreadySigned is SUP-05.
var AlreadySigned = &Check{
	ID: "SUP-05", Name: "already-signed", Severity: gate.SeverityInfo, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Which signatures, attestations and SBOMs are attached to the image already.",
		Why:      "Who rebuilds or copies an image leaves them behind; who reads a report wants to know what is there.",
		Example:  "An image with a cosign signature and a provenance is noted with both. It is information, never a fault.",
		Fix:      "Nothing need be done.",
		Controls: []string{"Kubescape C-0236"},
	},
	Decide: func(in Input) Result {
		s := in.Image.Supply
		if s == nil {
			return notApplicable("the policy asks for nothing that is attached")
		}
		var findings []Finding
		for _, a := range s.Attachments {
			verified := ""
			if a.Verified {
				verified = ", signed by a key of the policy"
			}
			findings = append(findings, Finding{Message: fmt.Sprintf("%s %.100s is attached (%s %s%s)", a.Kind, a.PredicateType, a.Place, a.Digest, verified), Subject: string(a.Kind)})
		}
		return verdictOn(bounded(findings, "attachments"))
	},
}
