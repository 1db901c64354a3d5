package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// InImageSBOM is SCAN-03.
var InImageSBOM = &Check{
	ID: "SCAN-03", Name: "in-image-sbom", Severity: gate.SeverityMedium, Tier: TierScan, PerImage: true,
	Doc: Doc{
		What:    "Packages that only an SBOM file inside the image names.",
		Why:     "The scanner takes the file's word for what is installed and for its version, and leaves out the files that it names. Whoever writes the file decides what is found.",
		Example: "/opt/app/app.spdx.json that lists openssl 9.9 fails; packages that were seen themselves pass. Bitnami's images ship such files honestly: where the proven base brought it, it is LOW.",
		Fix:     "Build the SBOM from the image and attach it, instead of placing it inside.",
	},
	Decide: func(in Input) Result {
		s := in.Image.Scan
		if s == nil {
			return unknown("the image was not scanned")
		}
		var files []string
		named := map[string][]gate.Package{}
		for _, p := range s.Packages {
			if p.SBOM == "" {
				continue
			}
			if named[p.SBOM] == nil {
				files = append(files, p.SBOM)
			}
			named[p.SBOM] = append(named[p.SBOM], p)
		}
		var findings []Finding
		for _, f := range files {
			packages := named[f]
			names := make([]string, len(packages))
			for i, p := range packages {
				names[i] = fmt.Sprintf("%.60s", p.Name)
			}
			finding := Finding{
				Severity: gate.SeverityMedium, Path: f, Subject: shortened(packages[0].Name),
				Message: fmt.Sprintf("only the SBOM file %.200s inside the image names %d packages: %s", f, len(packages), firstFew(names, 5)),
				Fix:     "remove the file and attach an SBOM to the image, or accept it if you trust who wrote it",
			}
			if l := packages[0].Layer; l >= 0 {
				finding.Layer = at(l)
				if FromBase(in.Image, l) {
					finding.Severity = gate.SeverityLow
				}
			}
			findings = append(findings, finding)
		}
		return verdictOn(graded(findings, "files"))
	},
}
