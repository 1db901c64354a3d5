package audit

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestKustomizeAppliesTheComponent builds the guide's weakest Deployment with
// its fixes and audits the result.
func TestKustomizeAppliesTheComponent(t *testing.T) {
	dir := t.TempDir()
	source, err := os.ReadFile("testdata/guide/read-only-app.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"app.yaml": string(source), "kustomization.yaml": "resources: [app.yaml]\ncomponents: [fixes]\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := CheckManifests("app.yaml", source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := WriteFixes(filepath.Join(dir, "fixes"), before); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	built, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	after, err := CheckManifests("-", built, Options{})
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, f := range after {
		left[f.Check] = true
	}
	mended := 0
	for _, f := range before {
		if len(f.Patch) > 0 {
			mended++
			if left[f.Check] {
				t.Errorf("%s is found after Kustomize applied its patch", f.Check)
			}
		}
	}
	if mended < 5 {
		t.Errorf("only %d findings had patches", mended)
	}
}
