package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// DistUpgrade is HIST-08.
var DistUpgrade = &Check{
	ID: "HIST-08", Name: "dist-upgrade", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history that upgrade the distribution as a whole: dist-upgrade, full-upgrade, zypper dup.",
		Why:      "They add and remove packages that nobody named, so the image is another one each day. A plain upgrade only takes fixes.",
		Example:  "apt-get dist-upgrade fails; apt-get upgrade passes.",
		Fix:      "Take a newer base, or use apt-get upgrade.",
		Controls: []string{"Trivy DS-0024"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			for _, c := range s.commands().commands {
				if verb := verbOf(c); slices.Contains(wholeUpgrades[c.name], verb) {
					what := c.name + " " + verb
					return []Finding{{Message: fmt.Sprintf("%s upgrades the distribution as a whole", what), Fix: "take a newer base", Subject: what}}
				}
			}
			return nil
		})
	},
}

var wholeUpgrades = map[string][]string{
	"apt-get": {"dist-upgrade", "full-upgrade"}, "apt": {"dist-upgrade", "full-upgrade"}, "aptitude": {"dist-upgrade", "full-upgrade"},
	"zypper": {"dup", "dist-upgrade"}, "yum": {"distro-sync"}, "dnf": {"distro-sync", "system-upgrade"},
}
