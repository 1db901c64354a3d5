package check

import "github.com/imagegate/imagegate/internal/gate"

// PackageManager is MIN-02.
var PackageManager = &Check{
	ID: "MIN-02", Name: "package-manager", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Package managers that can be reached and executed: apt, dpkg, apk, rpm, dnf, zypper, pacman, opkg, nix.",
		Why:      "With one, an intruder installs what is missing. The package database without the program is good: scanners need it.",
		Example:  "/usr/bin/apt-get fails; distroless images, which keep /var/lib/dpkg/status.d and no dpkg, pass.",
		Fix:      "Copy the program onto a base without a package manager, or remove it in the last stage.",
		Controls: []string{"CIS Docker 4.3"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, f := range c.PackageManagers {
			findings = append(findings, Finding{Message: f.Path + " is a package manager", Fix: "copy the program onto a base without one", Layer: at(f.Layer), Path: f.Path})
		}
		return verdictOn(bounded(findings, "package managers"))
	},
}
