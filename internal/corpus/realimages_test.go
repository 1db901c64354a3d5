//go:build goexperiment.jsonv2

package corpus

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// trivyImages are the archives that Trivy's module ships for its own tests,
// with the checks that find something in them. Each finding was held against
// what is in the archive.
var trivyImages = []struct {
	name            string
	vulnerabilities int // by the fixtures
	finds           []string
}{
	{"alpine-310", 0, []string{"BASE-09", "BASE-10", "CONF-11", "FS-09", "FS-12", "FS-13", "MIN-01", "MIN-02", "MIN-03", "MIN-10", "USER-01"}},
	{"alpine-311", 0, []string{"BASE-09", "BASE-10", "CONF-11", "FS-09", "FS-13", "MIN-01", "MIN-02", "MIN-03", "MIN-10", "USER-01"}},
	{"distroless", 2, []string{"BASE-10", "CONF-08", "CONF-11", "SCAN-04 unknown", "USER-01"}},
	{"vuln-image", 4, []string{"BASE-10", "CONF-08", "CONF-11", "SCAN-04 unknown", "USER-01"}},
}

func TestRealImages(t *testing.T) {
	r := newRig(t)
	dir, err := trivyModule()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range trivyImages {
		t.Run(tt.name, func(t *testing.T) {
			d := r.judge(t, "docker-archive:"+filepath.Join(dir, "pkg", "fanal", "test", "testdata", tt.name+".tar.gz"))
			var finds []string
			for _, v := range d.findings() {
				finds = append(finds, strings.TrimSpace(v.Check+" "+v.Outcome))
			}
			slices.Sort(finds)
			if diff := cmp.Diff(tt.finds, slices.Compact(finds)); diff != "" {
				t.Errorf("the findings are (-want +got):\n%s\nin full: %s", diff, told(d.findings()))
			}
			if n := len(d.evidence.Images[0].Scan.Vulnerabilities); n != tt.vulnerabilities {
				t.Errorf("%d vulnerabilities, want %d", n, tt.vulnerabilities)
			}
		})
	}
}
