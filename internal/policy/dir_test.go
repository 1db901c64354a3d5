package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

const teamPolicy = "apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\nmetadata: {name: team}\nmatch: {repositories: [r.example/team/*]}\nrules:\n- {name: v, maxCVSS: %}\n"

// mounted writes files the way a kubelet mounts a ConfigMap: links into a
// directory that is switched over by a link.
func mounted(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	versions, err := filepath.Glob(filepath.Join(dir, "..v*"))
	if err != nil {
		t.Fatal(err)
	}
	version := "..v" + strings.Repeat("i", len(versions)+1)
	if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, version, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)) // there from the second time on
	}
	if err := os.Symlink(version, filepath.Join(dir, "..new")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

func TestAMountedConfigMapIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	mounted(t, dir, map[string]string{"team.yaml": strings.Replace(teamPolicy, "%", "5", 1), "notes.txt": "no policy"})
	d, err := OpenDir(dir, "strict")
	if err != nil {
		t.Fatal(err)
	}
	inForce := func(reference string) gate.PolicyRef {
		ref, err := gate.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Select("", ref)
		if err != nil {
			t.Fatal(err)
		}
		return p.Ref()
	}
	first := inForce("r.example/team/app")
	if first.Name != "team" || inForce("r.example/other").Name != "strict" {
		t.Fatalf("in force are %v and %v", first, inForce("r.example/other"))
	}
	if changed, err := d.Reload(); changed || err != nil {
		t.Errorf("nothing changed: %t %v", changed, err)
	}
	mounted(t, dir, map[string]string{"team.yaml": strings.Replace(teamPolicy, "%", "55", 1)})
	for range 2 { // the second look finds the same content, and the same problem
		if changed, err := d.Reload(); changed || err == nil || !strings.Contains(err.Error(), "team.yaml") {
			t.Errorf("a broken file: %t %v", changed, err)
		}
	}
	if inForce("r.example/team/app") != first || d.Problem() == nil {
		t.Error("a broken file took the old policy out of force, or nobody can see it")
	}
	mounted(t, dir, map[string]string{"team.yaml": strings.Replace(teamPolicy, "%", "3", 1)})
	if changed, err := d.Reload(); !changed || err != nil || d.Problem() != nil {
		t.Errorf("the mended file: %t %v", changed, err)
	}
	if inForce("r.example/team/app") == first {
		t.Error("the mended file is not in force")
	}
}

func TestADirectoryThatCannotDecideIsRefused(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"two policies of one name":     {"a.yaml": strings.Replace(teamPolicy, "%", "5", 1), "b.yaml": strings.Replace(teamPolicy, "%", "6", 1)},
		"a file that is no policy":     {"a.yaml": "kind: Deployment\n"},
		"a file that is larger than 1": {"a.yaml": strings.Repeat("#", maxFile+2)},
	} {
		dir := t.TempDir()
		mounted(t, dir, files)
		if _, err := OpenDir(dir, ""); err == nil || gate.CodeOf(err) != gate.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenDir(t.TempDir(), "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a policy in force that is nowhere: %v", err)
	}
	if _, err := OpenDir(filepath.Join(t.TempDir(), "absent"), ""); err == nil {
		t.Error("an absent directory opens")
	}
}
