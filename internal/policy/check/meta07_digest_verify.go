package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// DigestVerify is META-07.
var DigestVerify = &Check{
	ID: "META-07", Name: "digest-verify", Severity: gate.SeverityCritical, Tier: TierLayers, Integrity: true, PerImage: true,
	Doc: Doc{
		What:    "Whether every layer could be read to its end, and its bytes, compressed and unpacked, are those that manifest and config name.",
		Why:     "A layer that lies about its content, ends early or explodes when unpacked was not checked, whatever was found in the part that was read.",
		Example: "A layer whose unpacked bytes do not hash to the config's diffID fails, and so does a compression bomb.",
		Fix:     "Build and push the image again; if it stays, look at the registry's storage.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, l := range c.Layers {
			if l.Problem != nil {
				findings = append(findings, Finding{
					Message: fmt.Sprintf("%s (%s)", l.Problem.Message, l.Problem.Kind), Layer: at(l.Index),
					Fix: "build and push the image again; if it stays so, the registry's storage or the build tool is at fault",
				})
			}
		}
		if len(findings) == 0 && !c.Complete {
			findings = append(findings, Finding{Message: "not every layer could be read", Fix: "build and push the image again"})
		}
		return verdictOn(findings)
	},
}
