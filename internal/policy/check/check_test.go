package check

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// today is when these tests happen.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// scenario is one sentence about a check: the sound image, changed.
type scenario struct {
	name   string
	change func(*Input)
	want   Outcome
	// severity and says are held against the first finding, or says against
	// the reason.
	severity gate.Severity
	says     string
}

// sound is an image that every check passes or has nothing to say about.
func sound() *Input {
	digest := "sha256:" + strings.Repeat("a", 64)
	id := 65532
	yes, no := true, false
	image := gate.ImageEvidence{
		Platform: "linux/amd64", Digest: digest,
		Manifest: gate.Manifest{
			MediaType: "application/vnd.oci.image.manifest.v1+json",
			Config:    gate.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: digest, Size: 500},
			Layers:    []gate.Descriptor{{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: digest, Size: 1000}},
		},
		Config: gate.Config{
			Created: today.Add(-24 * time.Hour), OS: "linux", Architecture: "amd64", User: "65532:65532",
			Entrypoint: []string{"/app"}, DiffIDs: []string{digest}, History: []gate.History{{CreatedBy: "COPY app /app"}},
		},
		Base: &gate.Base{Proof: gate.ProofUnknown},
		Contents: &gate.Contents{
			Complete: true, Executables: 1, Class: gate.ClassStatic, OSRelease: &gate.OSRelease{ID: "debian", VersionID: "12"},
			Layers: []gate.LayerEvidence{{Digest: digest, DiffID: digest, UncompressedBytes: 3000}},
			User:   gate.User{Configured: "65532:65532", UID: &id, GID: &id, Source: "numeric"},
			Command: &gate.Command{
				Argument: "/app", Path: "/app", Mode: 0o755, Runnable: &yes, Format: "elf", Machine: "amd64",
			},
			Unowned: &gate.Unowned{},
		},
		Scan: &gate.Scan{OS: &gate.OS{Family: "debian", Name: "12", Supported: true, EndOfLife: &no}, OSPackages: 3, LanguagePackages: 10},
	}
	ref, err := gate.ParseReference("registry.example/app:1.2@" + digest)
	if err != nil {
		panic(err)
	}
	return &Input{
		Evidence: &gate.Evidence{Reference: ref, Digest: digest, Images: []gate.ImageEvidence{image}, Database: &gate.Database{Version: 2, UpdatedAt: today.Add(-time.Hour)}},
		Options:  DefaultOptions(), Now: today,
	}
}

// test runs scenarios. A change sees Image whether the check is for one image
// or for all.
func test(t *testing.T, c *Check, scenarios []scenario) {
	t.Helper()
	fired, silent := false, false
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			in := sound()
			in.Image = &in.Evidence.Images[0]
			if s.change != nil {
				s.change(in)
			}
			if !c.PerImage {
				in.Image = nil
			}
			got := c.Decide(*in)
			if got.Outcome != s.want {
				t.Fatalf("outcome %s (%s %+v), want %s", got.Outcome, got.Reason, got.Findings, s.want)
			}
			said := got.Reason
			if got.Outcome == Fail {
				first := got.Findings[0]
				said = first.Message
				if severity := first.Severity; s.severity != "" && severity != s.severity && (severity != "" || c.Severity != s.severity) {
					t.Errorf("severity %q, want %s", severity, s.severity)
				}
				for _, f := range got.Findings {
					if f.Message == "" || (f.Fix == "" && c.Severity != gate.SeverityInfo) {
						t.Errorf("a finding without message or mend: %+v", f)
					}
				}
			} else if got.Outcome != Pass && said == "" {
				t.Error("no reason is given")
			}
			if !strings.Contains(said, s.says) {
				t.Errorf("it says %q, want %q in it", said, s.says)
			}
		})
		fired, silent = fired || s.want == Fail, silent || s.want == Pass || s.want == NotApplicable
	}
	if !fired || !silent {
		t.Errorf("%s needs scenarios in which it fires and in which it stays silent", c.ID)
	}
}

func unread(in *Input) { in.Image.Contents, in.Image.Scan = nil, nil }

func TestTheSoundImagePassesEveryCheck(t *testing.T) {
	for _, c := range All() {
		in := sound()
		if c.PerImage {
			in.Image = &in.Evidence.Images[0]
		}
		if got := c.Decide(*in); got.Outcome != Pass && got.Outcome != NotApplicable {
			t.Errorf("%s: %s %s %+v", c.ID, got.Outcome, got.Reason, got.Findings)
		}
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if seen[c.ID] || seen[c.Name] {
			t.Errorf("%s %s comes twice", c.ID, c.Name)
		}
		seen[c.ID], seen[c.Name] = true, true
		if c.Severity.Rank() == 0 || c.Tier == "" || c.Doc.What == "" || c.Doc.Why == "" || c.Doc.Example == "" || c.Doc.Fix == "" {
			t.Errorf("%s lacks a severity, a tier or a part of its documentation", c.ID)
		}
		if ByID(c.ID) != c {
			t.Errorf("ByID does not find %s", c.ID)
		}
	}
	families := map[string]int{}
	for _, c := range All() {
		family, _, _ := strings.Cut(c.ID, "-")
		families[family]++
	}
	want := map[string]int{"META": 12, "BASE": 10, "USER": 9, "CONF": 14, "ENV": 6, "HIST": 12, "FS": 15, "MIN": 10, "CRED": 6, "SCAN": 8, "SUP": 5}
	if !maps.Equal(families, want) {
		t.Errorf("the families are %v, want %v", families, want)
	}
	if ByID("USER-99") != nil {
		t.Error("ByID finds what there is not")
	}
}

func TestWithoutLayersNoLayerCheckPasses(t *testing.T) {
	for _, c := range All() {
		if c.Tier.Early() || !c.PerImage {
			continue
		}
		in := sound()
		in.Options.MaxClass = gate.ClassFull
		in.Options.DeniedLicenses = []string{"AGPL-*"}
		in.Evidence.Exploits = &gate.Exploits{Name: "exploited", UpdatedAt: today}
		in.Image = &in.Evidence.Images[0]
		in.Image.Config.User = "app"
		unread(in)
		if got := c.Decide(*in); got.Outcome != Unknown {
			t.Errorf("%s answers %s although no layer was read", c.ID, got.Outcome)
		}
	}
}
