package layercache

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	generation = "0123456789abcdef"
	diffID     = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func TestAnEntryIsReadAsItWasWritten(t *testing.T) {
	d := New(t.TempDir())
	if got := d.Get(generation, diffID); got != nil {
		t.Fatalf("an empty cache answered %q", got)
	}
	if err := d.Put(generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	if got := d.Get(generation, diffID); string(got) != "facts" {
		t.Errorf("read %q", got)
	}
	if got := d.Get("fedcba9876543210", diffID); got != nil {
		t.Errorf("another generation answered %q", got)
	}
}

func TestNamesThatAreNotLayersTouchNoFile(t *testing.T) {
	dir := t.TempDir()
	d := New(filepath.Join(dir, "cache"))
	for _, name := range []string{"", "sha256:..", "../../../etc/passwd", "sha256:" + strings.Repeat("Z", 64)} {
		if err := d.Put(generation, name, nil); err == nil {
			t.Errorf("Put accepted the layer %q", name)
		}
		if err := d.Put("../"+name, diffID, nil); err == nil {
			t.Errorf("Put accepted the generation %q", name)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("files were made: %v", entries)
	}
}

func TestWritersAtOnceLeaveOneWholeEntry(t *testing.T) {
	d := New(t.TempDir())
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := d.Put(generation, diffID, bytes.Repeat([]byte{byte('a' + i)}, 1<<16)); err != nil {
				t.Error(err)
			}
			if got := d.Get(generation, diffID); len(got) != 1<<16 || bytes.Count(got, got[:1]) != len(got) {
				t.Errorf("read a torn entry of %d bytes", len(got))
			}
		})
	}
	wg.Wait()
}
