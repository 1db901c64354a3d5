package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// MutableReference is META-03.
var MutableReference = &Check{
	ID: "META-03", Name: "mutable-reference", Severity: gate.SeverityMedium, Tier: TierConfig,
	Doc: Doc{
		What:     "Whether the image was asked for by digest.",
		Why:      "A tag can be moved between the check and the deployment. The gate resolves it once and speaks of the digest from then on; whoever deploys by the tag may get something else.",
		Example:  "app:1.2 fails, app:latest@sha256:… passes.",
		Fix:      "Deploy by the digest in the verdict.",
		Controls: []string{"CIS Kubernetes 5.5.1"},
	},
	Decide: func(in Input) Result {
		ref := in.Evidence.Reference
		if ref.Scheme != gate.SchemeRegistry {
			return notApplicable("%s is not in a registry", ref.Name)
		}
		if ref.Digest != "" {
			return pass()
		}
		fix := "deploy by digest"
		if in.Evidence.Digest != "" {
			fix = "deploy " + ref.At(in.Evidence.Digest)
		}
		severity := gate.SeverityLow
		if ref.Tag == "latest" {
			severity = gate.SeverityMedium
		}
		return failed(Finding{Severity: severity, Message: fmt.Sprintf("%s is a tag, which can be moved to another image after this verdict", ref.Name), Fix: fix})
	},
}
