//go:build goexperiment.jsonv2

package scan

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	trivydb "github.com/aquasecurity/trivy-db/pkg/db"
	dbtypes "github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy/pkg/cache"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/applier"
	"github.com/aquasecurity/trivy/pkg/fanal/artifact"
	artifactimage "github.com/aquasecurity/trivy/pkg/fanal/artifact/image"
	"github.com/aquasecurity/trivy/pkg/fanal/image"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/scan/langpkg"
	"github.com/aquasecurity/trivy/pkg/scan/ospkg"
	"github.com/aquasecurity/trivy/pkg/types"
	"github.com/aquasecurity/trivy/pkg/vulnerability"
)

// trivyImages are the archives that Trivy's module ships for its own tests,
// with how many packages each holds at least, so that agreeing on nothing does
// not count as agreement.
var trivyImages = []struct {
	name     string
	packages int
}{
	{"alpine-310.tar.gz", 14}, {"alpine-311.tar.gz", 14}, {"distroless.tar.gz", 1}, {"vuln-image.tar.gz", 6},
}

// TestTrivysOwnImagesGiveTrivysOwnFindings scans the images of Trivy's module
// twice, through Trivy's own artifact and scanner as `trivy image` drives them,
// and through our pass, over a database of Trivy's own fixtures.
func TestTrivysOwnImagesGiveTrivysOwnFindings(t *testing.T) {
	a, err := fixtureAnalyzer()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, tt := range trivyImages {
		t.Run(tt.name, func(t *testing.T) {
			path := trivyFile(t, "pkg", "fanal", "test", "testdata", tt.name)
			analysis, img := analyzeArchive(t, a, path)
			reference := trivyScan(t, path)
			compare(t, reference, analysis.Scan.Vulnerabilities, analysis.Scan.Packages, img.Evidence.Config.DiffIDs, toRow)
			if len(analysis.Scan.Packages) < tt.packages {
				t.Errorf("%d packages, want at least %d", len(analysis.Scan.Packages), tt.packages)
			}
			found += len(analysis.Scan.Vulnerabilities)
			if os := analysis.Scan.OS; os == nil || os.Family != string(reference.OS.Family) || os.Name != reference.OS.Name || (os.EndOfLife != nil && *os.EndOfLife != reference.OS.Eosl) {
				t.Errorf("OS %+v, Trivy says %+v", os, reference.OS)
			}
			if len(analysis.Scan.Problems) != 0 || !analysis.Contents.Complete {
				t.Errorf("problems: %+v, complete %v", analysis.Scan.Problems, analysis.Contents.Complete)
			}
		})
	}
	if found == 0 {
		t.Error("no image had a vulnerability: the comparison shows nothing")
	}
}

// trivyScan is what `trivy image --scanners vuln` does, through Trivy's own
// artifact, cache, applier and scanners: its own walk of the layers above all.
func trivyScan(t *testing.T, path string) types.ScanResponse {
	t.Helper()
	img, err := image.NewArchiveImage(path)
	if err != nil {
		t.Fatal(err)
	}
	memory := cache.NewMemoryCache()
	art, err := artifactimage.NewArtifact(img, memory, artifact.Option{DisabledAnalyzers: disabled(), Parallel: 1, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := art.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	detail, err := applier.NewApplier(memory).ApplyLayers(t.Context(), ref.ID, ref.BlobIDs)
	if err != nil && !errors.Is(err, analyzer.ErrNoPkgsDetected) && !errors.Is(err, analyzer.ErrUnknownOS) {
		t.Fatal(err)
	}
	target := types.ScanTarget{Name: path, OS: detail.OS, Repository: detail.Repository, Packages: detail.Packages, Applications: detail.Applications}
	options := types.ScanOptions{
		PkgTypes: types.PkgTypes, PkgRelationships: ftypes.Relationships, Scanners: types.Scanners{types.VulnerabilityScanner},
		VulnSeveritySources: []dbtypes.SourceID{"auto"},
	}
	distribution, endOfLife, err := ospkg.NewScanner().Scan(t.Context(), target, options)
	if err != nil {
		t.Fatal(err)
	}
	target.OS.Eosl = endOfLife
	languages, err := langpkg.NewScanner().Scan(t.Context(), target, options)
	if err != nil {
		t.Fatal(err)
	}
	results := append(types.Results{distribution}, languages...)
	for i := range results {
		vulnerability.NewClient(trivydb.Config{}).FillInfo(results[i].Vulnerabilities, options.VulnSeveritySources)
	}
	return types.ScanResponse{Results: results, OS: target.OS}
}

// compare holds our findings against Trivy's, each written as a row.
func compare[V, P any](t *testing.T, reference types.ScanResponse, vulnerabilities []V, packages []P, diffIDs []string, row func(any) string) {
	t.Helper()
	var want, got []string
	for _, r := range reference.Results {
		for _, v := range r.Vulnerabilities {
			want = append(want, fmt.Sprint(v.VulnerabilityID, " ", v.PkgName, " ", v.InstalledVersion, " ", v.FixedVersion, " ", v.Severity, " ", v.SeveritySource, " ", v.Status.String(), " ", slices.Index(diffIDs, v.Layer.DiffID))) //nolint:staticcheck // as trivy image prints it
		}
		for i := range r.Packages {
			want = append(want, fmt.Sprint(r.Packages[i].Name, " ", version(&r.Packages[i])))
		}
	}
	for _, v := range vulnerabilities {
		got = append(got, row(v))
	}
	for _, p := range packages {
		got = append(got, row(p))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings differ from Trivy's (-trivy +gate):\n%s", diff)
	}
}
