package check

import (
	"fmt"
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// SelfModifiableApp is FS-04.
var SelfModifiableApp = &Check{
	ID: "FS-04", Name: "self-modifiable-app", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Whether the process may change the program it was started from, the program's directory, or a directory of PATH.",
		Why:     "Who takes over the process can then leave a program behind that the next start runs. readOnlyRootFilesystem: true in the pod prevents it.",
		Example: "RUN chown -R app /app with ENTRYPOINT [\"/app/server\"] and USER app fails; COPY without --chown leaves the files root's and passes. A directory of PATH outside the system's own is LOW: language images keep packages there.",
		Fix:     "Leave programs to root, readable by all, and give the user only the directories it writes data to.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		if u := c.User.UID; u != nil && *u == 0 {
			return notApplicable("the process runs as root, which may change every file: USER-01, USER-02 or USER-05 says so")
		}
		command := c.Command
		if command == nil {
			return noCommandFacts(in.Image.Config)
		}
		var findings []Finding
		for _, f := range command.Writable {
			what, severity := "a directory of PATH", gate.SeverityLow
			switch {
			case f.Path == command.Path:
				what, severity = "the program it starts", gate.SeverityMedium
			case f.Path == path.Dir(command.Path):
				what, severity = "the directory of the program it starts", gate.SeverityMedium
			case slices.Contains(systemPath, f.Path):
				severity = gate.SeverityMedium
			}
			findings = append(findings, Finding{
				Severity: severity, Message: fmt.Sprintf("the process may change %s, %s (owner %d:%d, mode %04o)", f.Path, what, f.UID, f.GID, f.Mode),
				Fix: "leave it to root: chown root:root " + f.Path + " and chmod go-w", Layer: at(f.Layer), Path: f.Path,
			})
		}
		if len(findings) == 0 && (c.User.UID == nil || c.User.GID == nil) {
			return unknown("USER %.100q cannot be resolved, so that nobody can tell what it may change", c.User.Configured)
		}
		return judged(c, "writable paths", findings, "command")
	},
}

// systemPath are directories whose programs everything in the image runs.
var systemPath = []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"}

// noCommandFacts answers where the layers tell nothing of the command.
func noCommandFacts(config gate.Config) Result {
	if len(config.Entrypoint) == 0 && len(config.Cmd) == 0 {
		return notApplicable("the image starts nothing: CONF-08 says so")
	}
	return unknown("what ENTRYPOINT and CMD lead to was not looked up")
}
