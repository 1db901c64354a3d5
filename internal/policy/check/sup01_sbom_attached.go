package check

import "github.com/imagegate/imagegate/internal/gate"

// SBOMAttached is SUP-01.
var SBOMAttached = &Check{
	ID: "SUP-01", Name: "sbom-attached", Severity: gate.SeverityMedium, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether an SBOM about this image is attached: beside it in the index, as a referrer, or under cosign's tags.",
		Why:      "Who must find an affected component among thousands of images needs a list for each.",
		Example:  "With supply: {sbom: required}, an image built with docker buildx --sbom=true passes, and one without any SBOM fails. One for the amd64 image says nothing of the arm64 one.",
		Fix:      "Attach one: docker buildx build --sbom=true, or cosign attest --type cyclonedx.",
		Controls: []string{"NIST SSDF PS.3.2"},
	},
	Decide: func(in Input) Result {
		if !in.Options.RequireSBOM {
			return notApplicable("the policy asks for no SBOM")
		}
		found, answer, done := attachments(in, gate.AttachmentSBOM)
		if done {
			return answer
		}
		if len(found) == 0 {
			return failed(Finding{Message: "no SBOM about this image is attached to it" + onlyVerified(in), Fix: "attach one: docker buildx build --sbom=true, or cosign attest --type cyclonedx"})
		}
		return pass()
	},
}

func onlyVerified(in Input) string {
	if in.Options.VerifiedAttestations {
		return " and signed by a key of the policy"
	}
	return ""
}
