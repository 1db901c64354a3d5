package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestLicences(t *testing.T) {
	under := func(licences ...string) func(*Input) {
		return func(in *Input) {
			in.Options.DeniedLicenses = []string{"AGPL-*"}
			in.Image.Scan.Packages = []gate.Package{{Name: "left-pad", Version: "1.3.0", Type: "npm", Layer: 1, Licenses: licences}}
		}
	}
	test(t, Licences, []scenario{
		{name: "the policy denies none", want: NotApplicable},
		{name: "an allowed one", change: under("MIT"), want: Pass},
		{name: "a denied one", change: under("AGPL-3.0-only"), want: Fail, severity: gate.SeverityLow, says: `left-pad 1.3.0 is under "AGPL-3.0-only"`},
		{name: "an alternative", change: under("MIT OR AGPL-3.0-only"), want: Pass},
		{name: "one of several files' licences", change: under("MIT", "AGPL-3.0-only"), want: Fail},
		{name: "nothing tells", change: under(), want: Unknown, says: "no package tells"},
		{name: "not scanned", change: func(in *Input) { under("MIT")(in); unread(in) }, want: Unknown},
	})
}

func TestALicenceOfOnePackageIsToldOnce(t *testing.T) {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	in.Options.DeniedLicenses = []string{"AGPL-*"}
	p := gate.Package{Name: "left-pad", Version: "1.3.0", Type: "npm", Layer: -1, Licenses: []string{"AGPL-3.0-only"}}
	in.Image.Scan.Packages = []gate.Package{p, p}
	got := Licences.Decide(*in)
	if len(got.Findings) != 1 || got.Findings[0].Layer != nil || got.Findings[0].Subject != "AGPL-3.0-only" || got.Findings[0].Package.Name != "left-pad" {
		t.Errorf("%+v", got.Findings)
	}
}
