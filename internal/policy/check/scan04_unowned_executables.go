package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// UnownedExecutables is SCAN-04.
var UnownedExecutables = &Check{
	ID: "SCAN-04", Name: "unowned-executables", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Native programs and libraries that no package owns and that carry no build information of Go or Rust, and programs that an executable packer (UPX) compressed.",
		Why:     "No database can say whether they are vulnerable. A packer hides what a program is made of.",
		Example: "/usr/local/lib/libssl.so.1.1 copied from elsewhere fails; the program that the image starts passes, unless it is packed, which is MEDIUM.",
		Fix:     "Install from a package, or keep the build information: cargo auditable, and Go without -ldflags that strip it.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		switch {
		case c == nil:
			return unknown("no layer was read")
		case c.Unowned == nil:
			return unknown("which programs belong to a package was not looked up")
		case c.Unowned.Unlisted && len(c.Unowned.Packed) == 0:
			return unknown("the package records of the image do not list files, so whose a program is cannot be told")
		}
		var findings []Finding
		packed := map[string]bool{}
		for _, f := range c.Unowned.Packed {
			packed[f.Path] = true
			findings = append(findings, Finding{
				Severity: gate.SeverityMedium, Message: f.Path + " is compressed by an executable packer: nobody can tell what it is made of",
				Fix: "ship the program as the compiler wrote it; layers are compressed anyway", Layer: at(f.Layer), Path: f.Path,
			})
		}
		rest, named := c.Unowned.Count-len(packed), 0
		for _, f := range c.Unowned.Files {
			application := c.Command != nil && f.Path == c.Command.Path
			switch {
			case packed[f.Path]:
				continue
			case application:
				rest--
				continue
			case named == mostUnowned:
				continue
			}
			named, rest = named+1, rest-1
			findings = append(findings, Finding{
				Severity: gate.SeverityLow, Message: fmt.Sprintf("no package owns %s (%s), and it carries no build information: its vulnerabilities are unknown", f.Path, size(f.Size)),
				Fix: "install it from a package, or build it with its module list (cargo auditable)", Layer: at(f.Layer), Path: f.Path,
			})
		}
		if rest > 0 {
			findings = append(findings, Finding{
				Severity: gate.SeverityLow, Message: fmt.Sprintf("and %d more programs and libraries that no package owns", rest),
				Fix: "install them from packages, or build them with their module lists (cargo auditable)",
			})
		}
		return judged(c, "programs", findings, "unowned")
	},
}

// mostUnowned is how many are named: the largest tell where the others are from.
const mostUnowned = 10
