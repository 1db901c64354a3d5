package report

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// mended is the failing image after some work: rebuilt, with a user, a token
// less and a new shell.
func mended() Document {
	d := failing()
	v, img := &d.Verdict, &d.Evidence.Images[0]
	v.Image, v.Digest = "registry.example/shop/cart:1.4.3", digest("9")
	size, uid := int64(58_000_000), 65532
	p := &v.Platforms[0]
	p.CompressedBytes, p.User = &size, &gate.User{Configured: "65532", UID: &uid, GID: &uid}
	p.Base = &gate.BaseRef{Reference: p.Base.Reference, Digest: digest("d"), Proof: p.Base.Proof}
	moved := v.Warnings[0]
	v.Violations = append(slices.Clone(v.Violations[3:4]), v.Violations[6], moved, gate.Violation{Check: "FS-01", Severity: gate.SeverityMedium, Platform: "linux/amd64", Path: "/usr/bin/su", Message: "/usr/bin/su is setuid"})
	v.Warnings = nil
	img.Config.User, img.Config.Env, img.Config.ExposedPorts = "65532", []string{"PATH=/bin", "LOG=1"}, []string{"8080/tcp", "9090/tcp"}
	img.Config.DiffIDs = []string{digest("a"), digest("7"), digest("c"), digest("d")}
	for i := range img.Scan.Packages {
		if p := &img.Scan.Packages[i]; p.Name == "openssl" || p.Name == "libssl3" {
			p.Version = "3.0.15-1~deb12u1"
		}
	}
	img.Scan.Packages = append(img.Scan.Packages[:3], img.Scan.Packages[3], gate.Package{Name: "lodash", Type: "node-pkg", Version: "4.17.21"}, gate.Package{Name: "pino", Type: "node-pkg", Version: "9.0.0"})
	img.Scan.Vulnerabilities = slices.DeleteFunc(img.Scan.Vulnerabilities, func(v gate.Vulnerability) bool { return v.Package == "openssl" || v.Package == "libssl3" })
	img.Scan.Vulnerabilities = append(img.Scan.Vulnerabilities, gate.Vulnerability{ID: "CVE-2026-2000", Package: "pino", Type: "node-pkg", Installed: "9.0.0", Severity: gate.SeverityMedium, Layer: 2})
	return d
}

func TestComparisonsAreAsTheyWere(t *testing.T) {
	for _, format := range ComparisonFormats() {
		var b bytes.Buffer
		if err := WriteComparison(&b, format, Compare(failing(), mended())); err != nil {
			t.Fatal(err)
		}
		golden(t, "comparison."+map[string]string{"table": "txt", "json": "json", "markdown": "md"}[format], b.Bytes())
	}
}

func TestWhatChangedIsFound(t *testing.T) {
	c := Compare(failing(), mended())
	p := c.Platforms[0]
	if want := (PackageChanges{
		Added:   []PackageState{{"lodash", "node-pkg", "4.17.21"}, {"pino", "node-pkg", "9.0.0"}},
		Removed: []PackageState{{"express", "node-pkg", "4.19.2"}},
		Changed: []PackageChange{{"libssl3", "debian", Change{"3.0.9-1", "3.0.15-1~deb12u1"}}, {"openssl", "debian", Change{"3.0.9-1", "3.0.15-1~deb12u1"}}},
	}); !reflect.DeepEqual(*p.Packages, want) {
		t.Errorf("packages: %+v", *p.Packages)
	}
	if ids := texts(p.Vulnerabilities.Resolved, func(v VulnerabilityState) string { return v.ID }); !slices.Equal(ids, []string{"CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003"}) {
		t.Errorf("resolved: %v", ids)
	}
	if ids := texts(p.Vulnerabilities.Introduced, func(v VulnerabilityState) string { return v.ID }); !slices.Equal(ids, []string{"CVE-2026-2000"}) {
		t.Errorf("introduced: %v", ids)
	}
	name := func(f FindingState) string { return f.Check + " " + f.Path }
	if got := texts(p.Findings.Introduced, name); !slices.Equal(got, []string{"FS-01 /usr/bin/su"}) {
		t.Errorf("introduced: %v", got)
	}
	if got := texts(p.Findings.Resolved, name); !slices.Equal(got, []string{"CRED-01 /app/.npmrc", "USER-01 "}) {
		t.Errorf("resolved: %v", got)
	}
	if m := p.Findings.Moved; len(m) != 1 || m[0].Check != "MIN-01" || m[0].Before != "warned" || m[0].Standing != "denied" {
		t.Errorf("moved: %+v", m)
	}
	if got := texts(c.Findings.Resolved, name); !slices.Equal(got, []string{"META-03 "}) {
		t.Errorf("resolved of the image: %v", got)
	}
	if l := p.Layers; l.Shared != 3 || len(l.Added) != 1 || l.Added[0].DiffID != digest("7") || l.Removed[0].DiffID != digest("b") || l.SharedBytes != 112_000_000 {
		t.Errorf("layers: %+v", l)
	}
	if want := []ConfigChange{
		{Field: "user", Before: "not set (0:0)", After: "65532 (65532:65532)"}, {Field: "ports", Added: []string{"9090/tcp"}},
		{Field: "environment", Added: []string{"LOG"}, Removed: []string{"API_TOKEN"}, Changed: []string{"PATH"}},
	}; !equalConfig(p.Config, want) {
		t.Errorf("config: %+v", p.Config)
	}
	if p.Base == nil || *p.CompressedAfter != 58_000_000 {
		t.Errorf("base %v, size %v", p.Base, *p.CompressedAfter)
	}
}

// equalConfig takes empty lists for absent ones.
func equalConfig(a, b []ConfigChange) bool {
	return slices.EqualFunc(a, b, func(x, y ConfigChange) bool {
		return x.Field == y.Field && x.Before == y.Before && x.After == y.After && slices.Equal(x.Added, y.Added) && slices.Equal(x.Removed, y.Removed) && slices.Equal(x.Changed, y.Changed)
	})
}

func TestNothingChangesBetweenADocumentAndItself(t *testing.T) {
	var b bytes.Buffer
	if err := WriteComparison(&b, "", Compare(failing(), failing())); err != nil {
		t.Fatal(err)
	}
	if want := "nothing changed\n"; !bytes.HasSuffix(b.Bytes(), []byte(want)) {
		t.Errorf("%s", b.String())
	}
}

func TestWhatWasSeenOfOneSideOnlyIsNotCompared(t *testing.T) {
	early := failing()
	early.Evidence.Images[0].Contents, early.Evidence.Images[0].Scan = nil, nil
	early.Verdict.Violations, early.Verdict.Warnings, early.Verdict.Waived, early.Verdict.Notes = early.Verdict.Violations[4:5], early.Verdict.Warnings[1:], nil, nil
	p := Compare(failing(), early).Platforms[0]
	if len(p.Vulnerabilities.Resolved) != 0 || p.Packages != nil || len(p.NotCompared) != 2 {
		t.Errorf("what an early deny did not look at counts as gone: %+v", p)
	}
	if got := texts(p.Findings.Resolved, func(f FindingState) string { return f.Check }); !slices.Equal(got, []string{"META-08"}) {
		t.Errorf("resolved: %v", got)
	}
	if l := p.Layers; l.Shared != 4 || l.SharedBytes != 61_400_000 {
		t.Errorf("layers: %+v", l)
	}
}

func TestPlatformsAreMatchedByName(t *testing.T) {
	other := passing()
	c := Compare(failing(), other)
	if len(c.Platforms) != 2 || c.Platforms[0].Only != "before" || c.Platforms[1].Only != "after" || c.Platforms[1].Platform != "linux/arm64" {
		t.Errorf("%+v", c.Platforms)
	}
}

func TestAnUnknownComparisonFormatIsRefused(t *testing.T) {
	if err := WriteComparison(&bytes.Buffer{}, "html", Comparison{}); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("%v", err)
	}
}
