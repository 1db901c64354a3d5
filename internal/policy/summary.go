package policy

import (
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// summary is one platform as the verdict document shows it. What was not looked
// at is absent.
func summary(img *gate.ImageEvidence) gate.PlatformVerdict {
	p := gate.PlatformVerdict{Platform: img.Platform, Digest: img.Digest, Layers: len(img.Manifest.Layers), User: check.ConfiguredUser(img)}
	compressed := int64(0)
	for _, l := range img.Manifest.Layers {
		compressed += l.Size
	}
	p.CompressedBytes = &compressed
	if b := img.Base; b != nil {
		p.Base = &gate.BaseRef{Reference: b.Reference, Digest: b.Digest, Layers: b.Layers, Proof: b.Proof}
		if n := b.Newest; n != nil {
			p.Base.Newest = &gate.NewestRef{Reference: n.Reference, Digest: n.Digest, Created: n.Created}
		}
	}
	if c := img.Contents; c != nil {
		p.Class = c.Class
		uncompressed := int64(0)
		for _, l := range c.Layers {
			uncompressed += l.UncompressedBytes
		}
		p.UncompressedBytes = &uncompressed
		if c.OSRelease != nil {
			p.OS = &gate.OSRef{Family: c.OSRelease.ID, Name: c.OSRelease.VersionID}
		}
	}
	if s := img.Scan; s != nil {
		n := len(s.Packages)
		p.Packages = &n
		if s.OS != nil {
			p.OS = &gate.OSRef{Family: s.OS.Family, Name: s.OS.Name}
		}
	}
	return p
}

// rebuilds counts, for each platform whose base has a newer build that was
// scanned, the violations that building on it removes: vulnerabilities of the
// base that the newer build no longer has.
func rebuilds(ev *gate.Evidence, v *gate.Verdict) {
	for i := range ev.Images {
		b, newest := ev.Images[i].Base, v.Platforms[i].Base
		if newest == nil || newest.Newest == nil || !b.Newest.Scanned {
			continue
		}
		for _, f := range v.Violations {
			if f.Platform != v.Platforms[i].Platform {
				continue
			}
			newest.Newest.Of++
			if f.Vulnerability == nil || f.Package == nil || f.Origin != gate.OriginBase {
				continue
			}
			key := (&gate.Vulnerability{ID: f.Vulnerability.ID, Package: f.Package.Name}).Key()
			if _, still := slices.BinarySearch(b.Newest.Vulnerabilities, key); !still {
				newest.Newest.Removes++
			}
		}
	}
}

// counts are vulnerabilities by severity. The same one in the same package of
// several platforms counts once.
func counts(ev *gate.Evidence) gate.Counts {
	var c gate.Counts
	type key struct{ id, name, kind, version, path string }
	seen := map[key]bool{}
	for i := range ev.Images {
		if ev.Images[i].Scan == nil {
			continue
		}
		for _, v := range ev.Images[i].Scan.Vulnerabilities {
			k := key{v.ID, v.Package, v.Type, v.Installed, v.Path}
			if seen[k] {
				continue
			}
			seen[k] = true
			switch v.Severity {
			case gate.SeverityCritical:
				c.Critical++
			case gate.SeverityHigh:
				c.High++
			case gate.SeverityMedium:
				c.Medium++
			case gate.SeverityLow:
				c.Low++
			default:
				c.Unknown++
			}
			if v.Fixed == "" {
				c.Unfixed++
			}
		}
	}
	return c
}
