package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Coverage is SCAN-01.
var Coverage = &Check{
	ID: "SCAN-01", Name: "coverage", Severity: gate.SeverityHigh, Tier: TierScan, Integrity: true, PerImage: true,
	Doc: Doc{
		What:    "Whether the scanner recognised anything that it could look up: a distribution it knows with its packages, or packages of a language.",
		Why:     "No finding because nothing was recognised looks the same as no finding because nothing is wrong.",
		Example: "A stripped C program on scratch, a distribution the scanner has no advisories for, and a distribution without package records fail; a static Go binary carries its module list and passes; an image without programs has nothing to recognise.",
		Fix:     "Keep the package database in the image, use a distribution the scanner knows, or waive the check for this image with a reason.",
	},
	Decide: func(in Input) Result {
		s, c := in.Image.Scan, in.Image.Contents
		if s == nil || c == nil {
			return unknown("the image was not scanned")
		}
		gap := func(format string, args ...any) Result {
			return failed(Finding{Message: fmt.Sprintf(format, args...) + ": its vulnerabilities are unknown, not zero", Fix: "keep the package database in the image and use a distribution the scanner knows, or waive SCAN-01 for this image"})
		}
		switch {
		case s.OS != nil && !s.OS.Supported:
			return gap("the scanner has no advisories for the distribution %s %s", s.OS.Family, s.OS.Name)
		case s.OS != nil && s.OSPackages == 0 && needsPackages(c):
			return gap("%s %s was recognised and none of its packages", s.OS.Family, s.OS.Name)
		case s.OS != nil && foreign(s.OS.Family, c.PackageDatabases) != "":
			return gap("the distribution is %s %s, and %s holds packages that are not its own: they were looked up under the wrong name", s.OS.Family, s.OS.Name, foreign(s.OS.Family, c.PackageDatabases))
		case s.OS == nil && len(c.PackageDatabases) > 0 && s.OSPackages == 0:
			return gap("there is a package database (%s) and no distribution that the scanner recognises", c.PackageDatabases[0])
		case s.OS == nil && s.LanguagePackages == 0 && c.Executables > 0:
			return gap("the scanner recognised neither a distribution nor packages of a language, and there are %d programs", c.Executables)
		case s.OS == nil && s.LanguagePackages == 0:
			return notApplicable("the image holds no programs")
		}
		return pass()
	},
}

// formats are the package managers of distributions, as Trivy names those.
var formats = map[string]string{
	"debian": "dpkg", "ubuntu": "dpkg", "alpine": "apk", "wolfi": "apk", "chainguard": "apk", "minimos": "apk",
	"redhat": "rpm", "centos": "rpm", "rocky": "rpm", "alma": "rpm", "fedora": "rpm", "oracle": "rpm", "amazon": "rpm", "photon": "rpm",
	"azurelinux": "rpm", "cbl-mariner": "rpm", "opensuse": "rpm", "opensuse-leap": "rpm", "opensuse-tumbleweed": "rpm",
	"suse linux enterprise server": "rpm", "suse linux enterprise micro": "rpm", "slem": "rpm", "sles": "rpm",
}

// foreign is a package database of another format than the distribution's, or
// "". A layer that gives an image another distribution's name would otherwise
// make the vulnerabilities of its packages vanish.
func foreign(family string, databases []string) string {
	format := formats[family]
	if format == "" {
		return ""
	}
	for _, p := range databases {
		if of := databaseFormat(p); of != "" && of != format {
			return p
		}
	}
	return ""
}

func databaseFormat(p string) string {
	for _, format := range []string{"dpkg", "rpm", "apk"} {
		if strings.Contains(p, "/"+format+"/") {
			return format
		}
	}
	return ""
}

// needsPackages reports whether an image with an os-release file should have
// package records: one that has programs and is more than a static base, whose
// os-release is only a name.
func needsPackages(c *gate.Contents) bool {
	return c.Executables > 0 && !slices.Contains([]gate.Class{gate.ClassScratch, gate.ClassStatic}, c.Class)
}
