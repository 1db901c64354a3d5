package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// vuln is a vulnerability of a package, with what the policy made of it.
type vuln struct {
	ID, Title, Package, Type, Installed, Fixed, Path string
	Severity                                         gate.Severity
	Score                                            float64
	// Derived is true when no source gave a score.
	Derived, Exploited bool
	EPSS               float64
	Layer              int // -1: unknown
	Origin             string
	// Standing is empty where the policy has nothing to say.
	Standing standing
	Waiver   *gate.WaiverRef
}

func (v vuln) key() string { return strings.Join([]string{v.ID, v.Package, v.Path}, "\x00") }

// vulns are a platform's, worst first: all that the scan found, or, without
// evidence, those that the verdict names.
func vulns(d Document, platform string) []vuln {
	spoken := map[string]finding{}
	var out []vuln
	img := d.image(platform)
	for _, f := range of(findings(d.Verdict), platform) {
		if !ofPackage(f) {
			continue
		}
		v := vulnOf(f)
		// Findings come in the order of what counts most.
		if _, ok := spoken[v.key()]; ok {
			continue
		}
		spoken[v.key()] = f
		if img == nil || img.Scan == nil {
			out = append(out, v)
		}
	}
	if img != nil && img.Scan != nil {
		out = scanned(img, spoken)
	}
	slices.SortStableFunc(out, func(a, b vuln) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), b.Severity.Rank()-a.Severity.Rank(), strings.Compare(a.ID, b.ID), strings.Compare(a.Package, b.Package), strings.Compare(a.Path, b.Path))
	})
	return out
}

// vulnOf is a vulnerability as a finding has it.
func vulnOf(f finding) vuln {
	v := vuln{
		ID: f.Vulnerability.ID, Package: f.Package.Name, Type: f.Package.Type, Installed: f.Package.Installed, Fixed: f.Package.Fixed, Path: f.Path,
		Severity: f.Vulnerability.Severity, Score: f.Vulnerability.Score, Derived: f.Vulnerability.Derived, Layer: -1, Origin: f.Origin, Standing: f.Standing, Waiver: f.Waiver,
	}
	if f.Layer != nil {
		v.Layer = f.Layer.Index
	}
	return v
}

func scanned(img *gate.ImageEvidence, spoken map[string]finding) []vuln {
	var out []vuln
	for _, s := range img.Scan.Vulnerabilities {
		v := vuln{
			ID: s.ID, Title: s.Title, Package: s.Package, Type: s.Type, Installed: s.Installed, Fixed: s.Fixed, Path: s.Path,
			Severity: cmp.Or(s.Severity, gate.SeverityUnknown), Exploited: s.Exploited, EPSS: s.EPSS, Layer: s.Layer,
		}
		if b := img.Base; b != nil && s.Layer >= 0 && b.Proof.Rank() >= gate.ProofMatched.Rank() {
			v.Origin = gate.OriginImage
			if s.Layer < b.Layers {
				v.Origin = gate.OriginBase
			}
		}
		if f, ok := spoken[v.key()]; ok {
			v.Score, v.Derived, v.Standing, v.Waiver, v.Origin = f.Vulnerability.Score, f.Vulnerability.Derived, f.Standing, f.Waiver, cmp.Or(f.Origin, v.Origin)
		} else if v.Score = highest(s); v.Score == 0 {
			v.Score, v.Derived = v.Severity.LowerBound(), true
		}
		out = append(out, v)
	}
	return out
}

// highest is the highest score of any source. It is shown only where the policy
// says nothing: what it weighs comes with its findings.
func highest(v gate.Vulnerability) float64 {
	best, old := 0.0, 0.0
	for _, c := range v.CVSS {
		best = max(best, c.V3Score, c.V40Score)
		old = max(old, c.V2Score)
	}
	return cmp.Or(best, old)
}
