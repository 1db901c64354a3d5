//go:build goexperiment.jsonv2

package scan

import (
	"cmp"
	"context"
	"errors"
	"slices"

	dbtypes "github.com/aquasecurity/trivy-db/pkg/types"
	ospkgdetector "github.com/aquasecurity/trivy/pkg/detector/ospkg"
	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/applier"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/scan/ospkg"
	"github.com/aquasecurity/trivy/pkg/types"
	"github.com/aquasecurity/trivy/pkg/vulnerability"

	trivydb "github.com/aquasecurity/trivy-db/pkg/db"

	"github.com/imagegate/imagegate/internal/gate"
)

// detectAll merges the layers' analyses as the runtime would mount them and looks
// every package up in the vulnerability database.
func (l *languages) detectAll(ctx context.Context, name string, blobs []ftypes.BlobInfo) (gate.Scan, error) {
	detail := applier.ApplyLayers(blobs)
	if !detail.OS.Detected() {
		// As trivy image: packages without a distribution are looked up by
		// their repository where one is configured.
		if len(detail.Packages) > 0 {
			detail.OS = ftypes.OS{Family: "none"}
		}
		if r := detail.Repository; r != nil {
			detail.OS = ftypes.OS{Family: r.Family, Name: r.Release}
		}
	}
	target := types.ScanTarget{
		Name: name, OS: detail.OS, Repository: detail.Repository,
		Packages: detail.Packages, Applications: detail.Applications,
	}
	scan := gate.Scan{Scanner: "trivy " + TrivyVersion}
	layers := layerIndex(blobs)
	logs := &collector{}
	err := withDefaultLogger(logs, func() error { return l.lookUpAll(ctx, target, &scan, layers) })
	if err != nil {
		return gate.Scan{}, gate.NewError(gate.CodeInternal, "vulnerability detection ended early for "+name, err)
	}
	if scan.OS != nil && slices.ContainsFunc(logs.take(), func(r logRecord) bool { return r.message == logUnknownEOL }) {
		scan.OS.EndOfLife = nil
	}
	addPackages(&scan, detail, layers)
	return scan, nil
}

// lookUpAll fills in what the detectors say.
func (l *languages) lookUpAll(ctx context.Context, target types.ScanTarget, scan *gate.Scan, layers map[string]int) error {
	options := types.ScanOptions{
		PkgTypes: types.PkgTypes, PkgRelationships: ftypes.Relationships,
		Scanners: types.Scanners{types.VulnerabilityScanner}, VulnSeveritySources: []dbtypes.SourceID{"auto"},
	}
	client := vulnerability.NewClient(trivydb.Config{})
	var results types.Results
	if target.OS.Detected() {
		scan.OS = &gate.OS{Family: string(target.OS.Family), Name: target.OS.Name, Supported: true}
		result, endOfLife, err := ospkg.NewScanner().Scan(ctx, target, options)
		switch {
		case errors.Is(err, ospkgdetector.ErrUnsupportedOS):
			scan.OS.Supported = false
		case err != nil:
			return err
		case result.Target != "":
			scan.OS.EndOfLife = &endOfLife
			results = append(results, result)
		}
	}
	ofLanguages, err := l.detect(ctx, target.Applications)
	if err != nil {
		return err
	}
	for _, r := range append(results, ofLanguages...) {
		client.FillInfo(r.Vulnerabilities, options.VulnSeveritySources)
		for i := range r.Vulnerabilities {
			scan.Vulnerabilities = append(scan.Vulnerabilities, toVulnerability(&r.Vulnerabilities[i], r, layers))
		}
	}
	return nil
}

func toVulnerability(v *types.DetectedVulnerability, r types.Result, layers map[string]int) gate.Vulnerability {
	severity, err := gate.ParseSeverity(v.Severity) //nolint:staticcheck // the severity FillInfo chose; SeveritySource says from whom
	if err != nil {
		severity = gate.SeverityUnknown
	}
	path := v.PkgPath
	if path == "" && r.Class == types.ClassLangPkg {
		path = r.Target
	}
	out := gate.Vulnerability{
		ID: v.VulnerabilityID, Package: v.PkgName, Type: string(r.Type), PURL: purlString(v.PkgIdentifier), Path: path,
		Installed: v.InstalledVersion, Fixed: v.FixedVersion, Status: v.Status.String(), Title: bounded(v.Title, 300),
		URL: v.PrimaryURL, Severity: severity, SeveritySource: string(v.SeveritySource), Layer: layerOf(layers, v.Layer),
	}
	for source, c := range v.CVSS {
		if out.CVSS == nil {
			out.CVSS = map[string]gate.CVSS{}
		}
		out.CVSS[string(source)] = gate.CVSS{
			V2Vector: c.V2Vector, V2Score: c.V2Score, V3Vector: c.V3Vector, V3Score: c.V3Score, V40Vector: c.V40Vector, V40Score: c.V40Score,
		}
	}
	return out
}

func addPackages(scan *gate.Scan, detail ftypes.ArtifactDetail, layers map[string]int) {
	for i := range detail.Packages {
		p := &detail.Packages[i]
		scan.Packages = append(scan.Packages, toPackage(p, string(detail.OS.Family), p.FilePath, layers))
	}
	scan.OSPackages = len(detail.Packages)
	for _, app := range detail.Applications {
		for i := range app.Packages {
			p := &app.Packages[i]
			path := p.FilePath
			if path == "" {
				path = app.FilePath
			}
			scan.Packages = append(scan.Packages, toPackage(p, string(app.Type), path, layers))
			scan.LanguagePackages++
		}
	}
}

func toPackage(p *ftypes.Package, kind, path string, layers map[string]int) gate.Package {
	out := gate.Package{
		Name: p.Name, Type: kind, Version: version(p), PURL: purlString(p.Identifier), Path: path, Layer: layerOf(layers, p.Layer),
	}
	for _, license := range p.Licenses[:min(len(p.Licenses), maxLicenses)] {
		out.Licenses = append(out.Licenses, bounded(license, 200))
	}
	if p.AnalyzedBy == analyzer.TypeSBOM {
		out.SBOM = cleanAbs(cmp.Or(path, "unknown"))
	}
	return out
}

// maxLicenses bounds the licences kept of one package.
const maxLicenses = 10

// version is epoch:version-release as the distribution writes it.
func version(p *ftypes.Package) string {
	v := p.Version
	if p.Release != "" {
		v += "-" + p.Release
	}
	if p.Epoch != 0 {
		v = itoa(p.Epoch) + ":" + v
	}
	return v
}

func purlString(id ftypes.PkgIdentifier) string {
	if id.PURL == nil {
		return ""
	}
	return id.PURL.String()
}

// layerIndex maps a diffID to the layer's position, the lowest where an image
// repeats a layer.
func layerIndex(blobs []ftypes.BlobInfo) map[string]int {
	m := make(map[string]int, len(blobs))
	for i := len(blobs) - 1; i >= 0; i-- {
		m[blobs[i].DiffID] = i
	}
	return m
}

func layerOf(layers map[string]int, l ftypes.Layer) int {
	if i, ok := layers[l.DiffID]; ok {
		return i
	}
	return -1
}
