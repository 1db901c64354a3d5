package check

import (
	"fmt"
	"path"

	"github.com/imagegate/imagegate/internal/gate"
)

// AnyVolume is CONF-05.
var AnyVolume = &Check{
	ID: "CONF-05", Name: "any-volume", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "VOLUMEs at all. Those over system directories are the business of CONF-04.",
		Why:      "A volume that an image declares is writable also where the pod says readOnlyRootFilesystem, on the node's disk, without a limit.",
		Example:  "VOLUME /data is noted, as LOW: databases need one. An image without a volume passes.",
		Fix:      "Leave VOLUME out and mount a volume where the container is run.",
		Controls: []string{"Kyverno block-images-with-volumes"},
	},
	Decide: func(in Input) Result {
		var findings []Finding
		for _, v := range in.Image.Config.Volumes {
			clean := path.Clean("/" + v)
			if sensitive(clean) {
				continue
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("VOLUME %.100q is writable even where the root file system is read-only", v),
				Fix:     "leave VOLUME out and mount a volume where the container is run", Path: clean, Subject: subject(v),
			})
		}
		return verdictOn(bounded(findings, "volumes"))
	},
}
