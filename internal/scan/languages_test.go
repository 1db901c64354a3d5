//go:build goexperiment.jsonv2

package scan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	dbtypes "github.com/aquasecurity/trivy-db/pkg/types"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/scan/langpkg"
	"github.com/aquasecurity/trivy/pkg/types"
)

// TestRememberedPackagesAreThoseOfTrivysScan compares with Trivy's own loop,
// the first time and again, for packages that come twice in places of their own.
func TestRememberedPackagesAreThoseOfTrivysScan(t *testing.T) {
	a, err := fixtureAnalyzer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Database(t.Context()); err != nil {
		t.Fatal(err)
	}
	layer := ftypes.Layer{DiffID: "sha256:a"}
	apps := []ftypes.Application{
		{Type: ftypes.NodePkg, Packages: ftypes.Packages{
			{ID: "jquery@3.3.9", Name: "jquery", Version: "3.3.9", FilePath: "a/package.json", Layer: layer},
			{ID: "jquery@3.3.9", Name: "jquery", Version: "3.3.9", FilePath: "b/package.json"},
			{Name: "harmless", Version: "1.0.0"}, {Name: "jquery"},
		}},
		{Type: ftypes.Bundler, FilePath: "Gemfile.lock", Packages: ftypes.Packages{{Name: "activesupport", Version: "6.0.0"}}},
		{Type: ftypes.GoBinary, FilePath: "app"},
	}
	want, err := langpkg.NewScanner().Scan(t.Context(), types.ScanTarget{Applications: apps}, types.ScanOptions{Scanners: types.Scanners{types.VulnerabilityScanner}, VulnSeveritySources: []dbtypes.SourceID{"auto"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := func(results types.Results) (out []types.DetectedVulnerability) {
		for _, r := range results {
			out = append(out, r.Vulnerabilities...)
		}
		return out
	}
	if len(rows(want)) < 2 {
		t.Fatalf("Trivy finds %d vulnerabilities: the comparison shows nothing", len(rows(want)))
	}
	l := newLanguages()
	for _, time := range []string{"first", "again"} {
		got, err := l.detect(t.Context(), apps)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sorted(rows(want)), sorted(rows(got))); diff != "" {
			t.Errorf("%s: %s", time, diff)
		}
	}
}

// sorted orders findings by what they are about.
func sorted(v []types.DetectedVulnerability) map[string]types.DetectedVulnerability {
	out := map[string]types.DetectedVulnerability{}
	for _, one := range v {
		out[one.VulnerabilityID+" "+one.PkgName+" "+one.PkgPath] = one
	}
	return out
}
