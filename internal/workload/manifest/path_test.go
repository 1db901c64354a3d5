package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func pod(name string) string { return "{kind: Pod, apiVersion: v1, metadata: {name: " + name + "}}" }

func TestADirectoryIsReadInOrderAndSourcesAreSkipped(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"b.yaml": pod("b"), "a/c.yml": pod("c"), "a/d.json": pod("d"), "z.txt": "kind",
		"kustomization.yaml":         "resources: [b.yaml]",
		"chart/Chart.yaml":           "name: x",
		"chart/values.yaml":          "a: 1",
		"chart/templates/d.yaml":     "{{ .Values.a }}",
		".git/config.yaml":           "a: 1",
		"templates/not-a-chart.yaml": pod("e"),
	})
	b, err := ReadPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range b.Objects {
		names = append(names, o.Name())
	}
	if got := fmt.Sprint(names); got != "[c d b e]" {
		t.Error(got)
	}
	skipped := map[string]string{}
	for _, s := range b.Skipped {
		file, _ := filepath.Rel(dir, s.File)
		skipped[file] = s.Reason
	}
	for file, says := range map[string]string{"kustomization.yaml": "kubectl kustomize", "chart/Chart.yaml": "helm template", "chart/values.yaml": "values", "chart/templates": "helm template"} {
		if !strings.Contains(skipped[file], says) {
			t.Errorf("%s: %q does not say %q", file, skipped[file], says)
		}
	}
	if len(skipped) != 4 {
		t.Error(skipped)
	}
}

func TestAPathThatCannotBeReadIsSaid(t *testing.T) {
	if _, err := ReadPath(filepath.Join(t.TempDir(), "none")); gate.CodeOf(err) != gate.CodeNotFound || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": "services: {}"})
	if _, err := ReadPath(dir); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "a.yaml:1") {
		t.Error(err)
	}
}

func TestAMountedConfigMapIsReadThroughItsLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"..2026/a.yaml": pod("a")})
	if err := os.Symlink(filepath.Join("..2026", "a.yaml"), filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadPath(dir); err != nil || len(b.Objects) != 1 {
		t.Error(b, err)
	}
}

func TestWhatAKustomizationTakesAsPatchOrTextIsNoObject(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"kustomization.yaml":      "resources: [a.yaml]\npatches: [{path: p.yaml}]\npatchesStrategicMerge: [s.yaml]\nconfigMapGenerator: [{name: r, files: [rules.yaml, key=sub/named.yaml]}]\n",
		"a.yaml":                  pod("a"),
		"p.yaml":                  "[{op: remove, path: /spec}]",
		"s.yaml":                  pod("patch"),
		"rules.yaml":              "- rule: shell",
		"sub/named.yaml":          "x: 1",
		"sub/other.yaml":          pod("other"),
		"z/kustomization.yaml":    "{{ broken",
		"z/still-a-manifest.yaml": pod("z"),
	})
	b, err := ReadPath(dir + "/")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range b.Objects {
		names = append(names, o.Name())
	}
	if got := fmt.Sprint(names); got != "[a other z]" || len(b.Skipped) != 6 {
		t.Error(got, b.Skipped)
	}
}
