package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// CountMismatch is META-06.
var CountMismatch = &Check{
	ID: "META-06", Name: "count-mismatch", Severity: gate.SeverityHigh, Tier: TierConfig, Integrity: true, PerImage: true,
	Doc: Doc{
		What:    "Whether the manifest lists as many layers as the config lists diffIDs.",
		Why:     "Runtimes pair them by position. An image where they differ cannot be verified, and tools disagree about what is in it.",
		Example: "Two layers and one diffID fail.",
		Fix:     "Build and push the image again; the tool that wrote it is broken.",
	},
	Decide: func(in Input) Result {
		layers, diffIDs := len(in.Image.Manifest.Layers), len(in.Image.Config.DiffIDs)
		if layers == diffIDs {
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("the manifest lists %d layers and the config %d diffIDs", layers, diffIDs), Fix: "build and push the image again"})
	},
}
