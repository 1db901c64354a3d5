//go:build goexperiment.jsonv2

package scan

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	fixtures "github.com/aquasecurity/bolt-fixtures"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/scan/layercache"
)

// trivyModule is the directory of Trivy's module in the module cache, where its
// own test images, database fixtures and expected results lie.
var trivyModule = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aquasecurity/trivy").Output()
	return strings.TrimSpace(string(out)), err
})

func trivyFile(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := trivyModule()
	if err != nil {
		t.Fatalf("Trivy's module cannot be found: %v", err)
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}

// fixtureAnalyzer is the scanner of this test process, over a database made of
// Trivy's own fixtures. There is one: Trivy's database handle is global.
var fixtureAnalyzer = sync.OnceValues(func() (gate.Analyzer, error) {
	dir, err := os.MkdirTemp("", "imagegate-scan-test-")
	if err != nil {
		return nil, err
	}
	testDirs = append(testDirs, dir)
	module, err := trivyModule()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(module, "integration", "testdata", "fixtures", "db", "*.yaml"))
	if err != nil {
		return nil, err
	}
	loader, err := fixtures.New(filepath.Join(dir, "trivy.db"), files)
	if err != nil {
		return nil, err
	}
	if err := loader.Load(); err != nil {
		return nil, err
	}
	if err := loader.Close(); err != nil {
		return nil, err
	}
	meta, _ := json.Marshal(map[string]any{"Version": 2, "UpdatedAt": time.Now().UTC(), "NextUpdate": time.Now().Add(time.Hour).UTC()})
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), meta, 0o600); err != nil {
		return nil, err
	}
	return New(Options{Database: dir, Cache: layercache.New(filepath.Join(dir, "layers"))})
})

// testDirs are removed when the tests have run.
var testDirs []string

func TestMain(m *testing.M) {
	code := m.Run()
	for _, d := range testDirs {
		_ = os.RemoveAll(d)
	}
	os.Exit(code)
}

// analyzeArchive runs an archive through the gate's own pass.
func analyzeArchive(t testing.TB, a gate.Analyzer, path string) (*gate.Analysis, gate.Image) {
	t.Helper()
	client, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := gate.ParseReference("docker-archive:" + path)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := client.Resolve(t.Context(), ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	analysis, err := a.Analyze(t.Context(), resolved.Images[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := resolved.Images[0].Blobs.(interface{ Close() error }); ok {
		_ = c.Close()
	}
	return analysis, resolved.Images[0]
}

// toRow writes a finding as the comparison with Trivy does.
func toRow(v any) string {
	switch v := v.(type) {
	case gate.Vulnerability:
		return fmt.Sprint(v.ID, " ", v.Package, " ", v.Installed, " ", v.Fixed, " ", string(v.Severity), " ", v.SeveritySource, " ", v.Status, " ", v.Layer)
	case gate.Package:
		return fmt.Sprint(v.Name, " ", v.Version)
	}
	return "?"
}
