package layer

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// largeLayer is a layer of n files in the trees of a Node application: a dozen
// files to a directory, paths of 80 bytes.
func largeLayer(b testing.TB, root string, n int) []byte {
	b.Helper()
	f := &Facts{Digest: "sha256:00", DiffID: "sha256:01", Captured: map[string][]byte{}}
	dir := ""
	for i := 0; len(f.Entries) < n; i++ {
		if i%12 == 0 {
			dir = fmt.Sprintf("%s/node_modules/@example-%02d/component-library-%04d/dist/esm/part%d", root, i/12%40, i/12/8, i/12%8)
			f.Entries = append(f.Entries, Entry{Path: dir, Kind: Dir, Mode: 0o755})
		}
		f.Entries = append(f.Entries, Entry{Path: fmt.Sprintf("%s/module-%03d.js", dir, i%12), Mode: 0o644, UID: 1000, GID: 1000, Size: int64(i % 9000)})
	}
	kept, err := f.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	return kept
}

// inUse is the heap that is alive, in bytes.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what the first one freed with finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestTheViewOfAMillionFilesFitsIntoHalfAGigabyte decodes two layers of half a
// million entries, flattens them and gathers their contents.
func TestTheViewOfAMillionFilesFitsIntoHalfAGigabyte(t *testing.T) {
	kept := [][]byte{largeLayer(t, "/srv/app", 500_000), largeLayer(t, "/opt/tools", 500_000)}
	before := inUse()
	facts := make([]*Facts, len(kept))
	for i, b := range kept {
		facts[i] = &Facts{}
		if err := facts[i].UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	v := Flatten(facts)
	c := Contents(facts, v, gate.Config{Cmd: []string{"node"}}, make([]gate.Descriptor, 2))
	if c.Files < 900_000 {
		t.Fatalf("%d files", c.Files)
	}
	if used := inUse() - before; used > 512<<20 {
		t.Errorf("%d MB for %d files", used>>20, c.Files)
	} else {
		t.Logf("%d MB for %d files", used>>20, c.Files)
	}
	runtime.KeepAlive(v)
	runtime.KeepAlive(facts)
}
