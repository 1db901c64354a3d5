package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// ForeignLayers is META-04.
var ForeignLayers = &Check{
	ID: "META-04", Name: "foreign-layers", Severity: gate.SeverityHigh, Tier: TierConfig, Integrity: true, PerImage: true,
	Doc: Doc{
		What:     "Layers whose descriptor carries URLs or a non-distributable media type.",
		Why:      "Their bytes may come from a host of the author's choosing, at a time of his choosing, and many tools skip them.",
		Example:  "A layer of type application/vnd.docker.image.rootfs.foreign.diff.tar.gzip with urls fails.",
		Fix:      "Push the layer's bytes to the registry: rebuild without foreign layers (docker buildx and buildah do by default).",
		Controls: []string{"OCI image-spec: layer.md, non-distributable layers"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for i, l := range in.Image.Manifest.Layers {
			if len(l.URLs) == 0 && !strings.Contains(l.MediaType, "nondistributable") && !strings.Contains(l.MediaType, ".foreign.") {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("layer %d (%s) is foreign: its bytes may be fetched from elsewhere", i, l.Digest),
				Fix:     "rebuild the image so that all of its layers are in the registry", Layer: at(i),
			})
		}
		return verdictOn(findings)
	},
}
