package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// today is when these tests happen.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const header = "apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\n"

// digest is some digest, for references and images.
var digest = "sha256:" + strings.Repeat("ab", 32)

// load loads one policy of a test.
func load(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Load("test.yaml", []byte(header+text))
	if err != nil {
		t.Fatal(err)
	}
	return p[0]
}

func shipped(t testing.TB, name string) *Policy {
	t.Helper()
	p, err := NewSet("", Shipped()...).Select(name, gate.Reference{})
	if err != nil {
		t.Fatal(err)
	}
	return p.(*Policy)
}

func reference(t testing.TB, s string) gate.Reference {
	t.Helper()
	ref, err := gate.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// sound is evidence of an image that every shipped policy but guide passes.
func sound(t testing.TB) *gate.Evidence {
	t.Helper()
	id, no, yes := 65532, false, true
	image := gate.ImageEvidence{
		Platform: "linux/amd64", Digest: digest,
		Manifest: gate.Manifest{
			MediaType: "application/vnd.oci.image.manifest.v1+json",
			Config:    gate.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: digest, Size: 500},
			Layers:    []gate.Descriptor{{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: digest, Size: 1000}},
		},
		Config: gate.Config{
			Created: today.Add(-time.Hour), OS: "linux", Architecture: "amd64", User: "65532:65532", Labels: map[string]string{"team": "a"},
			Entrypoint: []string{"/app"}, DiffIDs: []string{digest}, History: []gate.History{{CreatedBy: "COPY app /app"}},
		},
		Base: &gate.Base{Proof: gate.ProofUnknown},
		Contents: &gate.Contents{
			Complete: true, Executables: 1, Class: gate.ClassStatic, OSRelease: &gate.OSRelease{ID: "debian", VersionID: "12"},
			Layers:  []gate.LayerEvidence{{Digest: digest, DiffID: digest, UncompressedBytes: 3000}},
			User:    gate.User{Configured: "65532:65532", UID: &id, GID: &id, Source: "numeric"},
			Command: &gate.Command{Argument: "/app", Path: "/app", Mode: 0o755, Runnable: &yes, Format: "elf", Machine: "amd64"},
			Unowned: &gate.Unowned{}, Trust: &gate.Trust{Bundle: "/etc/ssl/certs/ca-certificates.crt", Count: 140},
		},
		Scan: &gate.Scan{OS: &gate.OS{Family: "debian", Name: "12", Supported: true, EndOfLife: &no}, OSPackages: 1, Packages: []gate.Package{{Name: "openssl"}}},
	}
	return &gate.Evidence{
		Reference: reference(t, "registry.example/team/app:1.2@"+digest), Digest: digest,
		Images: []gate.ImageEvidence{image}, Database: &gate.Database{Version: 2, UpdatedAt: today.Add(-time.Hour)},
	}
}

// vulnerable adds a vulnerability, changed by each function.
func vulnerable(ev *gate.Evidence, change ...func(*gate.Vulnerability)) {
	v := gate.Vulnerability{
		ID: "CVE-2026-1", Package: "openssl", Type: "debian", Installed: "3.0.9", Fixed: "3.0.15", Severity: gate.SeverityHigh, SeveritySource: "debian",
		CVSS: map[string]gate.CVSS{"nvd": {V3Score: 7.5, V3Vector: "CVSS:3.1/AV:N"}},
	}
	for _, c := range change {
		c(&v)
	}
	ev.Images[0].Scan.Vulnerabilities = append(ev.Images[0].Scan.Vulnerabilities, v)
}

func checks(vs []gate.Violation) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Check)
	}
	return strings.Join(out, " ")
}
