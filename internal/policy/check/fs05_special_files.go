package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SpecialFiles is FS-05.
var SpecialFiles = &Check{
	ID: "FS-05", Name: "special-files", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Device nodes and named pipes in any layer.",
		Why:     "A device node in a container that may use it is the device itself: a disk can be read past every permission.",
		Example: "A block device 8:0 at /dev/sda fails, and so does a character device 0:0, which is a whiteout that an exporter forgot to translate.",
		Fix:     "Build the layer again without it; runtimes provide /dev.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.Special {
			findings = append(findings, Finding{Message: fmt.Sprintf("%s is a %s", f.Path, f.Detail), Fix: "build the layer again without it", Layer: at(f.Layer), Path: f.Path})
		}
		return verdictOn(bounded(findings, "special files"))
	},
}
