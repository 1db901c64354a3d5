package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// ScannerHealth is SCAN-05.
var ScannerHealth = &Check{
	ID: "SCAN-05", Name: "scanner-health", Severity: gate.SeverityCritical, Tier: TierScan, Integrity: true, PerImage: true,
	Doc: Doc{
		What:    "Whether the scanner did all of its work: no analyzer reported an error, no file or layer was skipped.",
		Why:     "Trivy logs such errors at debug level and goes on; what it could not read then has no vulnerabilities.",
		Example: "A broken package database fails. Java archives that could not be identified for want of a Java database are MEDIUM.",
		Fix:     "Mend the file that is named. If it is sound, report the scanner's error.",
	},
	Decide: func(in Input) Result {
		s := in.Image.Scan
		if s == nil {
			return unknown("the image was not scanned")
		}
		var findings []Finding
		for _, p := range s.Problems {
			f := Finding{Message: fmt.Sprintf("the scanner did not finish its work (%s): %s", p.Kind, p.Message), Fix: "mend or remove the file that is named", Path: p.Path}
			if p.Layer >= 0 {
				f.Layer = at(p.Layer)
			}
			switch p.Kind {
			case "java-db-absent":
				f.Severity, f.Fix = gate.SeverityMedium, "give the gate Trivy's Java database (--java-db), or build the archives with Maven coordinates (META-INF/maven)"
			case "java-archive-unknown": // mostly the application itself
				f.Severity, f.Fix = gate.SeverityLow, "build the archives with Maven coordinates (META-INF/maven)"
			}
			findings = append(findings, f)
		}
		return verdictOn(bounded(findings, "problems"))
	},
}
