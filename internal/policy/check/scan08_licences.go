package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// Licences is SCAN-08.
var Licences = &Check{
	ID: "SCAN-08", Name: "licences", Severity: gate.SeverityLow, Tier: TierScan, PerImage: true,
	Doc: Doc{
		What:    "Packages under a licence that the policy denies. In an expression with OR one alternative that is allowed is enough; of parts joined by AND, and of several licences of one package, none may be denied.",
		Why:     "Some licences demand what a product cannot give, such as its source code.",
		Example: "With denied licences [AGPL-*], AGPL-3.0-only fails and \"MIT OR AGPL-3.0-only\" passes. What is no expression is compared word by word.",
		Fix:     "Replace the package, or name the licence's exception in the policy once it is cleared.",
	},
	Decide: func(in Input) Result {
		denied, s := in.Options.DeniedLicenses, in.Image.Scan
		switch {
		case len(denied) == 0:
			return notApplicable("the policy denies no licence")
		case s == nil:
			return unknown("the image was not scanned")
		}
		type named struct{ name, kind, version, licence string }
		var findings []Finding
		seen, told := map[named]bool{}, 0
		for i := range s.Packages {
			p := &s.Packages[i]
			for _, l := range p.Licenses {
				told++
				id := deniedLicence(l, denied)
				key := named{p.Name, p.Type, p.Version, id}
				if id == "" || seen[key] {
					continue
				}
				seen[key] = true
				findings = append(findings, underLicence(p, l, id))
			}
		}
		if told == 0 && len(s.Packages) > 0 {
			return unknown("no package tells of its licence")
		}
		return verdictOn(graded(findings, "packages"))
	},
}

func underLicence(p *gate.Package, licence, id string) Finding {
	f := Finding{
		Message: fmt.Sprintf("%.100s %.60s is under %.100q, which the policy denies", p.Name, p.Version, licence), Path: p.Path, Subject: shortened(id),
		Fix:     "replace the package, or make an exception in the policy once its licence is cleared",
		Package: &gate.PackageRef{Name: p.Name, Type: p.Type, Installed: p.Version, PURL: p.PURL},
	}
	if p.Layer >= 0 {
		f.Layer = at(p.Layer)
	}
	return f
}
