package report

import (
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// Comparison is what changed from one document to another: of two images, or of
// one image decided about twice. Lists are sorted, so that the same two
// documents compare the same.
type Comparison struct {
	Before Side `json:"before"`
	After  Side `json:"after"`
	// Findings are those of the image as a whole.
	Findings  FindingChanges       `json:"findings"`
	Platforms []PlatformComparison `json:"platforms"`
}

// Side names what is compared.
type Side struct {
	Image    string        `json:"image"`
	Digest   string        `json:"digest,omitempty"`
	Decision gate.Decision `json:"decision"`
}

// PlatformComparison is what changed of one platform's image.
type PlatformComparison struct {
	Platform string `json:"platform"`
	// Only is "before" or "after" when one document alone has the platform;
	// nothing else is then compared.
	Only string `json:"only,omitempty"`
	// CompressedBefore and CompressedAfter are the layers' sizes as pulled;
	// nil where they are not known.
	CompressedBefore *int64         `json:"compressedBefore,omitempty"`
	CompressedAfter  *int64         `json:"compressedAfter,omitempty"`
	Base             *Change        `json:"base,omitempty"`
	Config           []ConfigChange `json:"config,omitempty"`
	Layers           *LayerChanges  `json:"layers,omitempty"`
	// Packages is nil where one side was not scanned.
	Packages        *PackageChanges      `json:"packages,omitempty"`
	Vulnerabilities VulnerabilityChanges `json:"vulnerabilities"`
	Findings        FindingChanges       `json:"findings"`
	// NotCompared says what was known of one side only.
	NotCompared []string `json:"notCompared,omitempty"`
}

// Change is a value that differs.
type Change struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// FindingChanges are findings that only one side has, and those whose standing
// differs. Vulnerabilities of packages are not among them.
type FindingChanges struct {
	Introduced []FindingState `json:"introduced,omitempty"`
	Resolved   []FindingState `json:"resolved,omitempty"`
	Moved      []FindingMove  `json:"moved,omitempty"`
}

// FindingState is a finding of one side. Standing is "denied", "warned",
// "waived" or "noted".
type FindingState struct {
	Check    string        `json:"check"`
	Severity gate.Severity `json:"severity"`
	Standing string        `json:"standing"`
	Path     string        `json:"path,omitempty"`
	Subject  string        `json:"subject,omitempty"`
	Package  string        `json:"package,omitempty"`
	Message  string        `json:"message"`
}

// FindingMove is a finding of both sides that counts for something else now.
type FindingMove struct {
	FindingState
	Before string `json:"standingBefore"`
}

// Compare says what changed from a to b, platform by platform.
func Compare(a, b Document) Comparison {
	c := Comparison{Before: side(a.Verdict), After: side(b.Verdict), Platforms: []PlatformComparison{}}
	c.Findings = findingChanges(a.Verdict, b.Verdict, "", func(string) bool { return true })
	before, after := platforms(a.Verdict), platforms(b.Verdict)
	for _, p := range before {
		i := slices.IndexFunc(after, func(q gate.PlatformVerdict) bool { return q.Platform == p.Platform })
		if i < 0 {
			c.Platforms = append(c.Platforms, PlatformComparison{Platform: p.Platform, Only: "before"})
			continue
		}
		c.Platforms = append(c.Platforms, comparePlatform(a, b, p, after[i]))
	}
	for _, p := range after {
		if !slices.ContainsFunc(before, func(q gate.PlatformVerdict) bool { return q.Platform == p.Platform }) {
			c.Platforms = append(c.Platforms, PlatformComparison{Platform: p.Platform, Only: "after"})
		}
	}
	return c
}

func side(v gate.Verdict) Side { return Side{Image: v.Image, Digest: v.Digest, Decision: v.Decision} }

func comparePlatform(a, b Document, p, q gate.PlatformVerdict) PlatformComparison {
	before, after := a.image(p.Platform), b.image(p.Platform)
	c := PlatformComparison{Platform: p.Platform, CompressedBefore: p.CompressedBytes, CompressedAfter: q.CompressedBytes, Config: configChanges(p, q, before, after)}
	if x, y := baseName(p.Base), baseName(q.Base); x != y {
		c.Base = &Change{x, y}
	}
	if before != nil && after != nil {
		c.Layers = layerChanges(before, after)
	} else {
		c.NotCompared = append(c.NotCompared, "layers and packages: no evidence is stored of one side")
	}
	compared := func(id string) bool {
		known := check.ByID(id)
		return known == nil || (unmade(known, p, before) == "" && unmade(known, q, after) == "")
	}
	c.Findings = findingChanges(a.Verdict, b.Verdict, p.Platform, compared)
	readBefore, scannedBefore := reached(p, before)
	readAfter, scannedAfter := reached(q, after)
	if readBefore != readAfter {
		c.NotCompared = append(c.NotCompared, "findings in layers: the layers of one side were not read")
	}
	if scannedBefore != scannedAfter {
		c.NotCompared = append(c.NotCompared, "vulnerabilities: one side was not scanned")
		return c
	}
	c.Vulnerabilities = vulnerabilityChanges(a, b, p.Platform)
	if before != nil && after != nil && before.Scan != nil && after.Scan != nil {
		c.Packages = packageChanges(before.Scan.Packages, after.Scan.Packages)
	}
	return c
}

func baseName(b *gate.BaseRef) string {
	if b == nil || b.Reference+b.Digest == "" {
		return "unknown"
	}
	name := b.Reference
	if b.Digest != "" {
		name += "@" + b.Digest
	}
	return fmt.Sprintf("%s (%s)", name, b.Proof)
}

// findingChanges compares a platform's findings by their identities. Checks that
// were made of one side only say nothing about the other.
func findingChanges(a, b gate.Verdict, platform string, compared func(check string) bool) FindingChanges {
	before, after := byIdentity(a, platform, compared), byIdentity(b, platform, compared)
	var c FindingChanges
	for _, k := range sortedKeys(after) {
		f := stateOf(after[k])
		switch old, ok := before[k]; {
		case !ok:
			c.Introduced = append(c.Introduced, f)
		case old.Standing != after[k].Standing:
			c.Moved = append(c.Moved, FindingMove{f, string(old.Standing)})
		}
	}
	for _, k := range sortedKeys(before) {
		if _, ok := after[k]; !ok {
			c.Resolved = append(c.Resolved, stateOf(before[k]))
		}
	}
	return c
}

// byIdentity keeps the strongest standing of each finding.
func byIdentity(v gate.Verdict, platform string, compared func(string) bool) map[string]finding {
	out := map[string]finding{}
	for _, f := range of(findings(v), platform) {
		if ofPackage(f) || !compared(f.Check) {
			continue
		}
		if _, ok := out[identity(f.Violation)]; !ok {
			out[identity(f.Violation)] = f
		}
	}
	return out
}

func stateOf(f finding) FindingState {
	s := FindingState{Check: f.Check, Severity: f.Severity, Standing: string(f.Standing), Path: f.Path, Subject: f.Subject, Message: f.Message}
	if f.Package != nil {
		s.Package = f.Package.Name
	}
	return s
}
