package layercache

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPruneTakesTheOldestFirst(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name     string
		maxBytes int64
		before   time.Time
		left     string
		freed    int64
	}{
		{"nothing where nothing is bounded", 0, time.Time{}, "01234", 0},
		{"what is too old", 0, now.Add(-150 * time.Minute), "012", 200},
		{"the oldest until the rest fit", 350, time.Time{}, "012", 200},
		{"both", 250, now.Add(-210 * time.Minute), "01", 300},
		{"all", 1, now, "", 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := New(t.TempDir())
			id := func(i int) string { return "sha256:" + strings.Repeat(fmt.Sprint(i), 64) }
			for i := range 5 { // entry i is i hours old and has 100 bytes
				if err := d.Put(generation, id(i), make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				name, _ := d.file(generation, id(i))
				written := now.Add(-time.Duration(i) * time.Hour)
				if err := os.Chtimes(name, written, written); err != nil {
					t.Fatal(err)
				}
			}
			removed, freed, err := d.Prune(test.maxBytes, test.before)
			if err != nil || freed != test.freed || removed != 5-len(test.left) {
				t.Errorf("removed %d with %d bytes, %v", removed, freed, err)
			}
			left := ""
			for i := range 5 {
				if d.Get(generation, id(i)) != nil {
					left += fmt.Sprint(i)
				}
			}
			if left != test.left {
				t.Errorf("left %q, want %q", left, test.left)
			}
		})
	}
}

func TestPruneLeavesFilesThatAreNotEntries(t *testing.T) {
	dir := t.TempDir()
	d := New(dir)
	if err := d.Put(generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	for name, stays := range map[string]bool{"notes.txt": true, generation + "/.new-1": false, generation + "/.new-2": true} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "2") {
			_ = os.Chtimes(filepath.Join(dir, name), long, long)
		}
		defer func() {
			if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stays {
				t.Errorf("%s: %v", name, err)
			}
		}()
	}
	if removed, _, err := d.Prune(1, time.Now().Add(time.Hour)); removed != 1 || err != nil {
		t.Errorf("removed %d, %v", removed, err)
	}
	if removed, _, err := New(filepath.Join(dir, "none")).Prune(1, time.Now()); removed != 0 || err != nil {
		t.Errorf("of a cache that is not there: %d, %v", removed, err)
	}
}
