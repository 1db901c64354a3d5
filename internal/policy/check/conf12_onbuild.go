package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// OnBuild is CONF-12.
var OnBuild = &Check{
	ID: "CONF-12", Name: "onbuild", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "ONBUILD triggers: instructions that run in every build FROM this image.",
		Why:     "Whoever builds on the image runs them without seeing them in his Dockerfile. A final image needs none.",
		Example: "ONBUILD COPY . /src is noted, as LOW; images that are made to build others may have them.",
		Fix:     "Take ONBUILD out, or keep such images for builds only.",
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, trigger := range in.Image.Config.OnBuild {
			word, _, _ := strings.Cut(strings.TrimSpace(trigger), " ")
			findings = append(findings, Finding{
				Message: fmt.Sprintf("ONBUILD %.30q runs in every build from this image", word),
				Fix:     "take ONBUILD out, or keep the image for builds only", Subject: subject(strings.ToUpper(word)),
			})
		}
		return verdictOn(bounded(findings, "triggers"))
	},
}
