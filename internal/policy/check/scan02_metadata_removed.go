package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// MetadataRemoved is SCAN-02.
var MetadataRemoved = &Check{
	ID: "SCAN-02", Name: "metadata-removed", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Package databases and os-release files of a lower layer that a later layer deleted, emptied or replaced.",
		Why:     "The packages stay and the scanner no longer sees them. Some tools that shrink images do it honestly, and some images do it to look clean.",
		Example: "RUN rm /var/lib/dpkg/status fails; apt-get install, which writes the file anew, passes.",
		Fix:     "Keep the package database; waive the check where a tool removes it for a reason.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, r := range c.Removed {
			findings = append(findings, Finding{
				Message: fmt.Sprintf("%s of layer %d was %s, so the scanner cannot see what is installed", r.Path, r.Layer, r.Change),
				Fix:     "keep the package database in the image", Layer: at(r.RemovedBy), Path: r.Path,
			})
		}
		return verdictOn(bounded(findings, "files"))
	},
}
