package check

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// Shell is MIN-01.
var Shell = &Check{
	ID: "MIN-01", Name: "shell", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Shells that can be reached and executed in the flattened image, by links too: busybox applets count, a shell that an upper layer deleted does not.",
		Why:      "A shell is what an intruder uses next.",
		Example:  "/bin/sh as a hardlink to busybox fails; distroless images pass. MEDIUM where there should be none: the image calls itself distroless, the policy demands that class, or the proven base has no shell and a layer above it brings one.",
		Fix:      "Copy the program onto a base without a shell.",
		Controls: []string{"CIS Docker 4.3"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		severity := gate.SeverityLow
		if promisesNoShell(in) {
			severity = gate.SeverityMedium
		}
		var findings []Finding
		for _, f := range c.Shells {
			message := f.Path + " is a shell"
			if f.Target != "" && f.Target != f.Path {
				message += " (" + f.Target + ")"
			}
			findings = append(findings, Finding{Severity: severity, Message: message, Fix: "copy the program onto a base without a shell", Layer: at(f.Layer), Path: f.Path})
		}
		if len(findings) > 3 { // links to one program are one finding to act on
			rest := len(findings) - 3
			findings = append(findings[:3:3], Finding{Severity: severity, Message: fmt.Sprintf("and %d more shells or links to them", rest), Fix: "copy the program onto a base without a shell"})
		}
		return verdictOn(findings)
	},
}

// promisesNoShell reports whether image, policy or base says that there is none.
func promisesNoShell(in Input) bool {
	if limit := in.Options.MaxClass; limit != "" && limit.Rank() <= gate.ClassDistroless.Rank() {
		return true
	}
	c := in.Image.Contents
	if c.OSRelease != nil && c.OSRelease.PrettyName == "Distroless" {
		return true
	}
	return len(c.Shells) > 0 && !slices.ContainsFunc(c.Shells, func(f gate.File) bool {
		above, known := userLayer(in.Image, f.Layer)
		return !known || !above
	})
}
