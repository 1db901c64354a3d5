package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// AllPlatforms is META-02.
var AllPlatforms = &Check{
	ID: "META-02", Name: "all-platforms", Severity: gate.SeverityHigh, Tier: TierConfig, Integrity: true,
	Doc: Doc{
		What:     "Whether every platform that the policy requires, or else every image of the index, was evaluated.",
		Why:      "What is signed is the index. A platform nobody looked at would ship under the verdict of another one: an arm64 child can run as root while amd64 does not.",
		Example:  "A policy that requires linux/arm64, and an index without it, fails; an index whose two images were both evaluated passes.",
		Fix:      "Build the missing platform, evaluate all platforms, or change the policy's platforms.",
		Controls: []string{"OCI image-spec: image-index.md"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		have := map[string]bool{}
		for _, img := range in.Evidence.Images {
			have[img.Platform] = true
		}
		for _, p := range in.Options.RequiredPlatforms {
			if !have[p] {
				findings = append(findings, Finding{Message: fmt.Sprintf("required platform %s was not evaluated", p), Fix: "build it into the index, or change the policy's platforms"})
			}
		}
		if len(in.Options.RequiredPlatforms) == 0 {
			for _, e := range in.Evidence.Index {
				evaluated := slices.ContainsFunc(in.Evidence.Images, func(i gate.ImageEvidence) bool { return i.Digest == e.Digest })
				if e.Role == "image" && !evaluated {
					findings = append(findings, Finding{Message: fmt.Sprintf("the index's image for %s (%s) was not evaluated: %s", e.Platform, e.Digest, e.Skipped), Fix: "evaluate all platforms, or let the policy name those that count"})
				}
			}
		}
		return verdictOn(findings)
	},
}
