package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// DistroEOL is BASE-10.
var DistroEOL = &Check{
	ID: "BASE-10", Name: "distro-eol", Severity: gate.SeverityHigh, Tier: TierScan, PerImage: true,
	Doc: Doc{
		What:     "Whether the distribution's release is past its end of life, by Trivy's table.",
		Why:      "Nobody publishes advisories for it any more: it shows few vulnerabilities because nobody looks, not because there are none.",
		Example:  "Debian 8 fails; a release that the table does not know yet is unknown.",
		Fix:      "Rebuild on a release that is maintained.",
		Controls: []string{"CIS Docker 4.4"},
	},
	Decide: func(in Input) Result {
		s := in.Image.Scan
		switch {
		case s == nil:
			return unknown("the image was not scanned")
		case s.OS == nil:
			return notApplicable("no distribution was found")
		case s.OS.EndOfLife == nil:
			return unknown("the end of life of %s %s is not in the scanner's table", s.OS.Family, s.OS.Name)
		case !*s.OS.EndOfLife:
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("%s %s is past its end of life: advisories for it are no longer published", s.OS.Family, s.OS.Name),
			Fix:     "rebuild on a maintained release",
		})
	},
}
