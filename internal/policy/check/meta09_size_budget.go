package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SizeBudget is META-09.
var SizeBudget = &Check{
	ID: "META-09", Name: "size-budget", Severity: gate.SeverityMedium, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Number of layers and sizes, compressed and unpacked, against the policy's budget.",
		Why:      "Large images start slowly and fill nodes; more than 127 layers cannot be mounted by overlayfs.",
		Example:  "With layers: {maxCompressed: 500MiB}, an image of 700 MiB fails.",
		Fix:      "Build in stages and copy only what runs; join RUN lines; or raise the limit for repositories that need it.",
		Controls: []string{"Kyverno block-large-images"},
	},
	Decide: func(in Input) Result {
		m, o := in.Image.Manifest, in.Options
		var findings []Finding
		over := func(message string) {
			findings = append(findings, Finding{Message: message, Fix: "build in stages and copy only what runs, or raise the limit in the policy"})
		}
		if o.MaxLayers > 0 && len(m.Layers) > o.MaxLayers {
			over(fmt.Sprintf("%d layers, the limit is %d", len(m.Layers), o.MaxLayers))
		}
		total := int64(0)
		for i, l := range m.Layers {
			total += l.Size
			if o.MaxLayerCompressed > 0 && l.Size > o.MaxLayerCompressed {
				findings = append(findings, Finding{Message: fmt.Sprintf("layer %d has %s compressed, the limit of one layer is %s", i, size(l.Size), size(o.MaxLayerCompressed)), Fix: "split or shrink the layer", Layer: at(i)})
			}
		}
		if o.MaxCompressed > 0 && total > o.MaxCompressed {
			over(fmt.Sprintf("%s compressed, the limit is %s", size(total), size(o.MaxCompressed)))
		}
		if c := in.Image.Contents; c != nil && o.MaxUncompressed > 0 {
			unpacked := int64(0)
			for _, l := range c.Layers {
				unpacked += l.UncompressedBytes
			}
			if unpacked > o.MaxUncompressed {
				over(fmt.Sprintf("%s unpacked, the limit is %s", size(unpacked), size(o.MaxUncompressed)))
			}
		}
		return verdictOn(findings)
	},
}

// size writes bytes in binary units, as policies do.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for len(names) > 1 && value >= unit {
		value, names = value/unit, names[1:]
	}
	return fmt.Sprintf("%.1f %s", value, names[0])
}
