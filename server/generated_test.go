package server

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestGeneratedCodeIsCurrent(t *testing.T) {
	for dir, made := range map[string][3]string{".": {"oapi.yaml", "openapi.yaml", "api.gen.go"}, "../client": {"oapi.yaml", "../server/openapi.yaml", "client.gen.go"}} {
		out := filepath.Join(t.TempDir(), made[2])
		config, err := os.ReadFile(filepath.Join(dir, made[0]))
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := filepath.Join(t.TempDir(), "oapi.yaml")
		if err := os.WriteFile(elsewhere, bytes.Replace(config, []byte("output: "+made[2]), []byte("output: "+out), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "tool", "oapi-codegen", "-config", elsewhere, made[1])
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, made[2]))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run make generate", filepath.Join(dir, made[2]))
		}
	}
}
