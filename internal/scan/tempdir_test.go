package scan

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestTemporaryFilesOfAKilledProcessAreRemovedByTheNext(t *testing.T) {
	parent := t.TempDir()
	if os.Getenv("TEMPDIR_TEST_PARENT") != "" {
		dir, err := OpenTempDir(os.Getenv("TEMPDIR_TEST_PARENT"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir.Path, "image-layers-1"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	}
	mine, err := OpenTempDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "TEMPDIR_TEST_PARENT="+parent)
	if err := child.Run(); err == nil {
		t.Fatal("the child ended by itself")
	}
	if left, _ := filepath.Glob(filepath.Join(parent, "*", "image-layers-1")); len(left) != 1 {
		t.Fatalf("the child left %v, want one file", left)
	}
	next, err := OpenTempDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(parent, "*", "image-layers-1")); len(left) != 0 {
		t.Errorf("still there: %v", left)
	}
	if _, err := os.Stat(mine.Path); err != nil {
		t.Errorf("a living process lost its directory: %v", err)
	}
	_, _ = mine.Close(), next.Close()
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}
