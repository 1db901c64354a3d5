package check

import (
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// KEVHighProfile is SCAN-07.
var KEVHighProfile = &Check{
	ID: "SCAN-07", Name: "kev-high-profile", Severity: gate.SeverityCritical, Tier: TierScan, PerImage: true,
	Doc: Doc{
		What:    "Vulnerabilities that a list of exploited ones names (CISA's KEV), whatever their score, and with a bound in the policy those that EPSS expects to be exploited.",
		Why:     "Somebody attacks with them today. A score says how bad it would be, not whether it happens.",
		Example: "A vulnerability of severity MEDIUM that the list names fails. A list older than 30 days is a finding of its own, MEDIUM; without a list there is nothing to compare.",
		Fix:     "Update the package now; where there is no fix, remove it.",
	},
	Decide: func(in Input) Result {
		list, s := in.Evidence.Exploits, in.Image.Scan
		switch {
		case list == nil:
			return notApplicable("the gate was given no list of exploited vulnerabilities")
		case s == nil:
			return unknown("the image was not scanned")
		}
		var findings []Finding
		for i := range s.Vulnerabilities {
			v := &s.Vulnerabilities[i]
			says := ""
			switch {
			case v.Exploited:
				says = "is exploited"
				if list.Name != "" {
					says += fmt.Sprintf(" (%.100s)", list.Name)
				}
			case in.Options.MinEPSS > 0 && v.EPSS >= in.Options.MinEPSS:
				says = fmt.Sprintf("is exploited within 30 days with a probability of %.1f%% (EPSS); the policy's bound is %.1f%%", 100*v.EPSS, 100*in.Options.MinEPSS)
			default:
				continue
			}
			findings = append(findings, exploited(v, says))
		}
		return verdictOn(graded(append(findings, oldExploits(list, in.Now)...), "vulnerabilities"))
	},
}

func exploited(v *gate.Vulnerability, says string) Finding {
	f := Finding{
		Severity: gate.SeverityCritical, Message: fmt.Sprintf("%s in %s %s %s", v.ID, v.Package, v.Installed, says), Path: v.Path, Subject: v.ID,
		Fix:           "no fix is published: remove the package",
		Package:       &gate.PackageRef{Name: v.Package, Type: v.Type, Installed: v.Installed, Fixed: v.Fixed, PURL: v.PURL},
		Vulnerability: &gate.VulnerabilityRef{ID: v.ID, Severity: v.Severity, Source: v.SeveritySource, Exploited: v.Exploited},
	}
	if v.Fixed != "" {
		f.Fix = fmt.Sprintf("update %s to %s now", v.Package, v.Fixed)
	}
	if v.Layer >= 0 {
		f.Layer = at(v.Layer)
	}
	return f
}

// oldExploits is what there is to say of the list's age: CISA adds to its own
// every few days.
func oldExploits(list *gate.Exploits, now time.Time) []Finding {
	const limit = 30 * 24 * time.Hour
	f := Finding{Severity: gate.SeverityMedium, Fix: "update the list of exploited vulnerabilities", Subject: "list"}
	switch age := now.Sub(list.UpdatedAt); {
	case list.UpdatedAt.IsZero():
		f.Message = "the list of exploited vulnerabilities carries no date: it may be old"
	case age > limit:
		f.Message = fmt.Sprintf("the list of exploited vulnerabilities is of %s, more than 30 days old: it does not name what is exploited since", list.UpdatedAt.UTC().Format(time.DateOnly))
	default:
		return nil
	}
	return []Finding{f}
}
