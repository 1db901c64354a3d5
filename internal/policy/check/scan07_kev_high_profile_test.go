package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestKEVHighProfile(t *testing.T) {
	listed := func(in *Input) {
		in.Evidence.Exploits = &gate.Exploits{Name: "CISA KEV", UpdatedAt: today.Add(-48 * time.Hour), Count: 1400}
	}
	with := func(v gate.Vulnerability, change ...func(*Input)) func(*Input) {
		return func(in *Input) {
			listed(in)
			v.ID, v.Package, v.Installed, v.Severity = "CVE-2026-1", "openssl", "3.0.1", gate.SeverityMedium
			in.Image.Scan.Vulnerabilities = append(in.Image.Scan.Vulnerabilities, v)
			for _, c := range change {
				c(in)
			}
		}
	}
	bound := func(in *Input) { in.Options.MinEPSS = 0.5 }
	test(t, KEVHighProfile, []scenario{
		{name: "no list was given", want: NotApplicable, says: "no list"},
		{name: "nothing is exploited", change: with(gate.Vulnerability{EPSS: 0.9}), want: Pass},
		{name: "exploited, and of severity MEDIUM", change: with(gate.Vulnerability{Exploited: true}), want: Fail, severity: gate.SeverityCritical, says: "CVE-2026-1 in openssl 3.0.1 is exploited (CISA KEV)"},
		{name: "likely to be", change: with(gate.Vulnerability{EPSS: 0.5}, bound), want: Fail, severity: gate.SeverityCritical, says: "50.0% (EPSS)"},
		{name: "less likely than the policy's bound", change: with(gate.Vulnerability{EPSS: 0.49}, bound), want: Pass},
		{name: "an old list", change: func(in *Input) {
			listed(in)
			in.Evidence.Exploits.UpdatedAt = today.Add(-31 * 24 * time.Hour)
		}, want: Fail, severity: gate.SeverityMedium, says: "2026-05-01"},
		{name: "a list without a date", change: func(in *Input) { in.Evidence.Exploits = &gate.Exploits{} }, want: Fail, severity: gate.SeverityMedium, says: "no date"},
		{name: "not scanned", change: func(in *Input) { listed(in); unread(in) }, want: Unknown},
	})
}

func TestAnExploitedVulnerabilityNamesItsPackage(t *testing.T) {
	v := gate.Vulnerability{ID: "CVE-2026-1", Package: "openssl", Type: "debian", Installed: "3.0.1", Fixed: "3.0.2", Layer: 2, Exploited: true}
	f := exploited(&v, "is exploited")
	if f.Package.Name != "openssl" || f.Package.Fixed != "3.0.2" || *f.Layer != 2 || f.Subject != "CVE-2026-1" || f.Fix != "update openssl to 3.0.2 now" || !f.Vulnerability.Exploited {
		t.Errorf("%+v", f)
	}
	v.Fixed, v.Layer = "", -1
	if f = exploited(&v, "is exploited"); f.Layer != nil || f.Fix != "no fix is published: remove the package" {
		t.Errorf("%+v", f)
	}
}
