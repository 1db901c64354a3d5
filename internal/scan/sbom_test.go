//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func analyzed(t *testing.T) *gate.Evidence {
	t.Helper()
	a, err := fixtureAnalyzer()
	if err != nil {
		t.Fatal(err)
	}
	analysis, img := analyzeArchive(t, a, trivyFile(t, "pkg", "fanal", "test", "testdata", "vuln-image.tar.gz"))
	ref, err := gate.ParseReference("registry.example/vuln:1")
	if err != nil {
		t.Fatal(err)
	}
	img.Evidence.Contents, img.Evidence.Scan = &analysis.Contents, &analysis.Scan
	return &gate.Evidence{Reference: ref, Digest: img.Digest, Images: []gate.ImageEvidence{img.Evidence}}
}

// TestAnSBOMNamesEveryPackage writes both formats; docs and schemas are held
// against each other in schema_test.go.
func TestAnSBOMNamesEveryPackage(t *testing.T) {
	ev := analyzed(t)
	for _, format := range SBOMFormats() {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			if err := SBOM(t.Context(), &b, format, ev, ""); err != nil {
				t.Fatal(err)
			}
			if !json.Valid(b.Bytes()) {
				t.Fatal("not JSON")
			}
			for _, p := range ev.Images[0].Scan.Packages {
				if !strings.Contains(b.String(), jsonText(t, p.Name)) {
					t.Errorf("%s is not named", p.Name)
				}
				if p.PURL != "" && !strings.Contains(strings.ReplaceAll(b.String(), `\u0026`, "&"), p.PURL) {
					t.Errorf("%s is not named", p.PURL)
				}
			}
		})
	}
}

func jsonText(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(b), `"`)
}

func TestAnSBOMIsRefusedWithAReason(t *testing.T) {
	ev := analyzed(t)
	two := *ev
	two.Images = append(two.Images, gate.ImageEvidence{Platform: "linux/arm64"})
	for _, s := range []struct {
		name, format, platform string
		ev                     *gate.Evidence
		code                   gate.Code
		says                   string
	}{
		{"another format", "syft", "", ev, gate.CodeInvalid, "cyclonedx, spdx"},
		{"a platform that there is not", "spdx", "linux/s390x", ev, gate.CodeInvalid, "linux/s390x"},
		{"several platforms and none named", "spdx", "", &two, gate.CodeInvalid, "name one platform"},
		{"a platform that was not scanned", "spdx", "linux/arm64", &two, gate.CodeNotFound, "without a scan"},
	} {
		t.Run(s.name, func(t *testing.T) {
			err := SBOM(t.Context(), &bytes.Buffer{}, s.format, s.ev, s.platform)
			if gate.CodeOf(err) != s.code || !strings.Contains(err.Error(), s.says) {
				t.Errorf("%v, want %s with %q", err, s.code, s.says)
			}
		})
	}
}
