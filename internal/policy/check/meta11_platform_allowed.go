package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// PlatformAllowed is META-11.
var PlatformAllowed = &Check{
	ID: "META-11", Name: "platform-allowed", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Whether the config names an operating system and an architecture, and the policy allows them.",
		Why:     "A runtime picks an image by platform; one without is picked by accident.",
		Example: "With platforms: {allowed: [linux/amd64]}, an image for linux/arm64 fails.",
		Fix:     "Build for an allowed platform.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Config
		if c.OS == "" || c.Architecture == "" {
			return failed(Finding{Message: "the config names no operating system or no architecture", Fix: "build the image with a tool that sets both"})
		}
		allowed := in.Options.AllowedPlatforms
		if len(allowed) == 0 || slices.ContainsFunc(allowed, func(a string) bool {
			return a == in.Image.Platform || strings.HasPrefix(in.Image.Platform, a+"/")
		}) {
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("platform %s is not allowed; the policy allows %s", in.Image.Platform, strings.Join(allowed, ", ")), Fix: "build for an allowed platform"})
	},
}
