package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/store"
)

// command runs the command line in this process and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// decided is a data directory with verdicts on one digest, each days old.
func decided(t *testing.T, days ...int) string {
	t.Helper()
	data := t.TempDir()
	s, err := store.Open(t.Context(), filepath.Join(data, "imagegate.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, n := range days {
		at := time.Now().Add(-time.Duration(n) * 24 * time.Hour)
		v := gate.Verdict{ID: newID(), Image: "app", Digest: "sha256:app", Decision: gate.Pass, DecidedAt: at, ExpiresAt: at.Add(time.Hour)}
		if _, err := s.Record(context.Background(), gate.Recording{Verdict: v, Evidence: &gate.Evidence{Digest: v.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

func history(t *testing.T, data string) int {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(data, "imagegate.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	list, err := s.History(t.Context(), "sha256:app", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestBackupAndRestoreByHand(t *testing.T) {
	data, file := decided(t, 3, 2, 1), filepath.Join(t.TempDir(), "backup.db")
	out, err := command(t, "backup", "--data", data, file)
	if err != nil || !strings.Contains(out, "wrote "+file) || !strings.Contains(out, " MB, schema ") {
		t.Fatalf("%s%v", out, err)
	}
	if out, err := command(t, "backup", "--data", data, file); exitCode(err) != exitError || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("a second backup to the same file: %s%v", out, err)
	}
	if out, err = command(t, "backup", "--data", data, "-"); err != nil || !strings.HasPrefix(out, "SQLite format 3\x00") {
		t.Errorf("a backup to standard output: %.40q, %v", out, err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, ".backup-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	elsewhere := filepath.Join(t.TempDir(), "new")
	if out, err := command(t, "restore", "--data", elsewhere, file); err != nil || !strings.Contains(out, "restored "+elsewhere) {
		t.Fatalf("%s%v", out, err)
	}
	if n := history(t, elsewhere); n != 3 {
		t.Errorf("%d verdicts came back", n)
	}
	if _, err := command(t, "restore", "--data", elsewhere, file); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a restore over a database: %v", err)
	}
	out, err = command(t, "restore", "--force", "--data", elsewhere, file)
	if err != nil {
		t.Fatal(err)
	}
	_, aside, ok := strings.Cut(strings.SplitN(out, "\n", 2)[0], "kept the old database as ")
	if _, err := os.Stat(aside); !ok || err != nil {
		t.Errorf("%q: %v", out, err)
	}
}

func TestPruneByHand(t *testing.T) {
	data := decided(t, 200, 150, 100, 50)
	out, err := command(t, "prune", "--data", data, "--older-than", "90d", "--dry-run")
	if err != nil || !strings.Contains(out, "would delete 0 evaluations") || !strings.Contains(out, " 3 verdicts, 3 evidence,") || history(t, data) != 4 {
		t.Errorf("dry run: %s%v", out, err)
	}
	if out, err = command(t, "prune", "--data", data, "--older-than", "90d"); err != nil || !strings.Contains(out, "deleted 0 evaluations") || history(t, data) != 1 {
		t.Errorf("%s%v", out, err)
	}
	if _, err := command(t, "prune", "--data", data); exitCode(err) != exitUsage {
		t.Errorf("without an age: %v", err)
	}
}

func TestPruneTakesAgesInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * 24 * time.Hour, "36h": 36 * time.Hour, "0": 0, "1d": 24 * time.Hour,
		"1h": -1, "90": -1, "d": -1, "-3d": -1, "90000d": -1, "1.5d": -1, "": -1,
	} {
		var a age
		err := a.Set(text)
		if (err != nil) != (want < 0) || (err == nil && time.Duration(a) != want) {
			t.Errorf("%q: %s, %v", text, &a, err)
		}
	}
}

func TestPruneBoundsTheLayerCache(t *testing.T) {
	data := decided(t, 1)
	name := filepath.Join(data, "layers", "0123456789abcdef", "ab", "sha256-"+strings.Repeat("ab", 32))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, make([]byte, 2e6), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, "prune", "--data", data, "--layer-cache-max", "1000000"); err != nil || !strings.Contains(out, "1 layer analyses (2.0 MB)") {
		t.Errorf("%s%v", out, err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the entry is still there")
	}
}
