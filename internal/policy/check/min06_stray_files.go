package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// StrayFiles is MIN-06.
var StrayFiles = &Check{
	ID: "MIN-06", Name: "stray-files", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Files of development that nothing reads when the image runs: .git and .svn, Dockerfile and compose files, editor folders, CI configuration.",
		Why:     "They tell an intruder how the program is built and where from; a .git folder holds every file that was ever committed.",
		Example: "COPY . /app without a .dockerignore fails where it brings /app/.git; what libraries under node_modules and vendor carry with them is not looked at.",
		Fix:     "Name them in .dockerignore, or copy single files.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.Stray {
			findings = append(findings, Finding{
				Message: fmt.Sprintf("%s is left from development (%s)", f.Path, f.Detail), Fix: "name it in .dockerignore, or copy only what runs",
				Layer: at(f.Layer), Path: f.Path, Subject: f.Detail,
			})
		}
		return judged(c, "files", findings, "stray")
	},
}
