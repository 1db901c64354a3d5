package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// UpdateAlone is HIST-06.
var UpdateAlone = &Check{
	ID: "HIST-06", Name: "update-alone", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history that fetch a package index and install nothing.",
		Why:      "The builder caches the layer: later builds install from an index that is weeks old, without its fixes.",
		Example:  "RUN apt-get update fails; RUN apt-get update && apt-get install -y x passes, as does a line that starts other programs, which may install something.",
		Fix:      "Put update and install into one RUN.",
		Controls: []string{"CIS Docker 4.7", "Trivy DS-0017"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			updater := ""
			for _, c := range s.commands().commands {
				switch verb := verbOf(c); {
				case slices.Contains(indexVerbs[c.name], verb):
					updater = c.name
				case !slices.Contains(idle, c.name) && c.name != "" && (indexVerbs[c.name] == nil || !slices.Contains(tidying, verb)):
					return nil // it installs, or may
				}
			}
			if updater == "" {
				return nil
			}
			return []Finding{{Message: fmt.Sprintf("it updates the index of %s and installs nothing", updater), Fix: "put update and install into one RUN", Subject: updater}}
		})
	},
}

var (
	indexVerbs = map[string][]string{
		"apt-get": {"update"}, "apt": {"update"}, "aptitude": {"update"}, "apk": {"update"},
		"yum": {"makecache"}, "dnf": {"makecache"}, "microdnf": {"makecache"}, "zypper": {"refresh", "ref"},
	}
	tidying = []string{"clean", "autoclean", "cache"}
	// idle are programs that install nothing.
	idle = []string{
		"set", "export", "unset", "true", "false", ":", "echo", "printf", "cd", "mkdir", "rm", "rmdir", "touch", "cp", "mv", "ln", "ls", "cat", "sed", "tee",
		"grep", "sleep", "date", "test", "[", "chmod", "chown", "find", "sh", "bash", "exit",
	}
)

// verbOf is a command's first argument that is no option, nor an option's value.
func verbOf(c command) string {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if a == "-o" || a == "-c" || a == "-t" || a == "-X" || a == "--repository" {
			i++
			continue
		}
		if len(a) > 0 && a[0] != '-' {
			return a
		}
	}
	return ""
}
