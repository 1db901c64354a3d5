package check

import (
	"cmp"
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// FalseBaseClaim is BASE-03.
var FalseBaseClaim = &Check{
	ID: "BASE-03", Name: "base-claim-false", Severity: gate.SeverityHigh, Tier: TierRegistry, PerImage: true,
	Doc: Doc{
		What:     "Whether the image an annotation or label names as its base, by digest, is one on whose layers this image lies.",
		Why:      "A false claim makes an image look patched, or approved, to every tool that believes labels.",
		Example:  "org.opencontainers.image.base.digest of an image whose layers do not begin this one's fails. A label that the base itself carries is inherited, and passes; so does an image with no more layers than the base it names, which was squashed and can prove nothing.",
		Fix:      "Build without setting the annotation by hand, or correct it.",
		Controls: []string{"CIS Docker 4.2"},
	},
	Decide: func(in Input) Result {
		b := in.Image.Base
		if b == nil {
			return unknown("the base was not looked up")
		}
		if len(b.Claims) == 0 {
			return notApplicable("nothing claims a base")
		}
		var findings []Finding
		for _, c := range b.Claims {
			if c.State != gate.ClaimFalse {
				continue
			}
			name := cmp.Or(c.Reference, c.Digest)
			findings = append(findings, Finding{
				Message: fmt.Sprintf("the %s names %.200s@%.80s as base, and this image does not begin with its %d layers", c.Source, c.Reference, c.Digest, c.Layers),
				Fix:     "correct or drop the claim; the build tool sets it rightly by itself", Subject: clipped(name),
			})
		}
		return verdictOn(findings)
	},
}

// clipped bounds a subject to 200 characters.
func clipped(s string) string { return fmt.Sprintf("%.200s", s) }
