package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// SpecialFiles is FS-05.
var SpecialFiles = &Check{
	ID: "FS-05", Name: "special-files", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Device nodes and named pipes in any layer.",
		Why:     "A device node in a container that may use it is the device itself: a disk can be read past every permission.",
		Example: "A block device 8:0 at /srv/disk fails, and so does a character device 0:0, which is a whiteout that an exporter forgot to translate. The usual devices of /dev, which a root file system made with debootstrap has, are LOW: runtimes mount their own /dev over them. Others in /dev are MEDIUM.",
		Fix:     "Build the layer again without it; runtimes provide /dev.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.Special {
			findings = append(findings, Finding{
				Severity: deviceSeverity(f), Message: fmt.Sprintf("%s is a %s", f.Path, f.Detail), Fix: "build the layer again without it", Layer: at(f.Layer), Path: f.Path,
			})
		}
		return judged(c, "special files", findings, "special")
	},
}

// usualDevices are those every runtime makes itself (OCI runtime-spec,
// config-linux.md, "Default Devices"), and the console.
var usualDevices = map[string]string{
	"/dev/null": "1:3", "/dev/zero": "1:5", "/dev/full": "1:7", "/dev/random": "1:8", "/dev/urandom": "1:9",
	"/dev/tty": "5:0", "/dev/console": "5:1", "/dev/ptmx": "5:2",
}

func deviceSeverity(f gate.File) gate.Severity {
	number, usual := usualDevices[f.Path]
	switch {
	case usual && f.Detail == "character device "+number:
		return gate.SeverityLow
	case strings.HasPrefix(f.Path, "/dev/") && strings.Contains(f.Detail, "device") && !strings.Contains(f.Detail, "whiteout"):
		return gate.SeverityMedium
	}
	return gate.SeverityHigh
}
