package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// SetuidSetgid is FS-01.
var SetuidSetgid = &Check{
	ID: "FS-01", Name: "setuid-setgid", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Regular files with the setuid or setgid bit in the flattened image.",
		Why:      "They run as their owner, often root, whoever starts them. allowPrivilegeEscalation: false in the pod neutralises them.",
		Example:  "/usr/bin/passwd with mode 4755 fails; a setgid directory such as /var/mail, or a setuid file that an upper layer removed, passes. HIGH when a layer above the proven base adds it.",
		Fix:      "RUN chmod a-s on the file, or remove the package.",
		Controls: []string{"CIS Docker 4.8"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.Setuid {
			if slices.Contains(in.Options.AllowedSetuid, f.Path) {
				continue
			}
			severity := gate.SeverityMedium
			if above, known := userLayer(in.Image, f.Layer); known && above {
				severity = gate.SeverityHigh
			}
			findings = append(findings, Finding{Severity: severity, Message: fmt.Sprintf("%s runs as its owner (mode %04o, owner %d:%d)", f.Path, f.Mode, f.UID, f.GID), Fix: "chmod a-s " + f.Path + ", or remove it; allowPrivilegeEscalation: false in the pod neutralises it", Layer: at(f.Layer), Path: f.Path})
		}
		if len(findings) <= in.Options.MaxSetuid {
			findings = nil
		}
		return judged(c, "setuid or setgid files", findings, "setuid")
	},
}
