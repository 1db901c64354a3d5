package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// WorldWritable is FS-03.
var WorldWritable = &Check{
	ID: "FS-03", Name: "world-writable", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Files and directories that everyone may write, without the sticky bit.",
		Why:     "Any process can change what another one reads or runs.",
		Example: "/app with mode 0777 fails; /tmp with mode 1777, and symbolic links, pass.",
		Fix:     "RUN chmod o-w on the path.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.WorldWritable {
			if slices.Contains(in.Options.AllowedWorldWritable, f.Path) || customary(f.Path) {
				continue
			}
			findings = append(findings, Finding{Message: fmt.Sprintf("everyone may write %s (mode %04o)", f.Path, f.Mode), Fix: "chmod o-w " + f.Path, Layer: at(f.Layer), Path: f.Path})
		}
		return judged(c, "world-writable paths", findings, "worldWritable")
	},
}

// customary paths are world-writable by custom, and runtimes mount over them.
func customary(p string) bool {
	return slices.Contains([]string{"/tmp", "/var/tmp", "/run/lock", "/var/lock"}, p) || strings.HasPrefix(p+"/", "/dev/")
}
