package check

import "github.com/imagegate/imagegate/internal/gate"

// NoCommand is CONF-08.
var NoCommand = &Check{
	ID: "CONF-08", Name: "no-command", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Whether the config has an Entrypoint or a Cmd.",
		Why:     "Without either the image does not start by itself: it is a base, a library, or broken.",
		Example: "A config with neither fails; one of the two is enough.",
		Fix:     "Set ENTRYPOINT or CMD.",
	},
	Decide: func(in Input) Result {
		if c := in.Image.Config; len(c.Entrypoint) > 0 || len(c.Cmd) > 0 {
			return pass()
		}
		return failed(Finding{Message: "neither ENTRYPOINT nor CMD is set: the image does not start by itself", Fix: "set ENTRYPOINT, or leave it if this is a base image"})
	},
}
