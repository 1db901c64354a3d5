package check

import "github.com/imagegate/imagegate/internal/gate"

// RuntimeInstallers is MIN-09.
var RuntimeInstallers = &Check{
	ID: "MIN-09", Name: "runtime-installers", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Installers of language packages: pip, npm, gem, composer, Maven and their like.",
		Why:     "They fetch and run code of strangers, and bring many packages, with vulnerabilities, that the program never loads.",
		Example: "npm in the image of a Node service fails, though the official images bring it; node alone passes.",
		Fix:     "Install in a build stage and copy the result, or remove the installer in the last stage.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, p := range grouped(ofKinds(c, gate.ProgramInstaller)) {
			says, fix := "installs packages of a language", "install in a build stage and copy the result"
			if FromBase(in.Image, p.Layer) {
				says, fix = says+"; it comes with the base", "use a base without it, or remove it in the last stage"
			}
			findings = append(findings, p.finding("", says, fix))
		}
		return judged(c, "programs", findings, "programs")
	},
}
