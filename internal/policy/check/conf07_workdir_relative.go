package check

import (
	"fmt"
	"path"
	"regexp"

	"github.com/imagegate/imagegate/internal/gate"
)

// WorkdirRelative is CONF-07.
var WorkdirRelative = &Check{
	ID: "CONF-07", Name: "workdir-relative", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "Whether the working directory is an absolute path. None is the root.",
		Why:      "Runtimes take a relative one in different ways: some refuse to start, some begin at the root.",
		Example:  "WORKDIR app in a config fails, /app passes.",
		Fix:      "Write WORKDIR /app.",
		Controls: []string{"Trivy DS-0009"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Config
		if c.WorkingDir == "" || path.IsAbs(c.WorkingDir) || (c.OS == "windows" && windowsAbsolute.MatchString(c.WorkingDir)) {
			return pass()
		}
		return failed(Finding{Message: fmt.Sprintf("the working directory %.100q is not an absolute path", c.WorkingDir), Fix: "write WORKDIR with a / in front", Subject: subject(c.WorkingDir)})
	},
}

var windowsAbsolute = regexp.MustCompile(`^([A-Za-z]:)?[\\/]`)
