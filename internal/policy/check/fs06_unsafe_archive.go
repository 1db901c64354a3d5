package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnsafeArchive is FS-06.
var UnsafeArchive = &Check{
	ID: "FS-06", Name: "unsafe-archive", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Tar entries that a careless extractor would act on outside the image's root, or that make tools disagree about a file's content.",
		Why:     "Names with .., links that leave the root and entries that come twice are how an archive attacks the tool that unpacks it, and how it shows a scanner one file and the runtime another.",
		Example: "../../etc/cron.d/x and a hardlink to a file outside fail; a leading ./ or / is common and passes.",
		Fix:     "Build the layer again with a current tool; look at where it came from.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, u := range c.Unsafe {
			findings = append(findings, Finding{Message: fmt.Sprintf("archive entry %q: %s", u.Path, u.Reason), Fix: "build the layer again with a current tool", Layer: at(u.Layer), Path: u.Path})
		}
		return verdictOn(bounded(findings, "unsafe entries"))
	},
}
