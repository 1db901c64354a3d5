package layer

import (
	"bytes"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// FuzzRead feeds any bytes to the whole way from blob to contents, twice over
// each other so that layers meet. What comes out must keep to its bounds.
func FuzzRead(f *testing.F) {
	plain := tarOf(f, dir("etc"), file("etc/passwd", passwd), symlink("bin", "usr/bin"), program("bin/sh"), hardlink("h", "bin/sh"), whiteout("etc/x"), opaque("usr"), capable("ping", capability(1, 0, true)))
	f.Add(plain)
	f.Add(gzipped(f, plain))
	f.Add(tarOf(f, fileMode("bin/sh", elf(elfOptions{interp: "/lib/ld.so"}), 0o755), file("etc/shadow", "app:"+sha512Hash+":1:\n"), file("root/.netrc", "machine h password "+secret), file("k", openssh("none")), file("a/.git/HEAD", "x")))
	f.Add(zstandard(f, plain))
	f.Add(plain[:700])
	f.Add(sparse(1 << 30))
	f.Add(tarOf(f, symlink("a", "b"), symlink("b", "a/../a"), file("a/x", ""), file("../y", "")))
	limits := Limits{MaxUncompressed: 1 << 22, MaxEntries: 1000, MaxNames: 1 << 20, MaxRatio: 100, RatioAfter: 1 << 20, MaxCaptured: 1 << 12}
	f.Fuzz(func(t *testing.T, blob []byte) {
		seen := 0
		facts, err := Read(t.Context(), bytes.NewReader(blob), wantOf(blob, nil), limits, visitor(func(_ *Entry, r io.Reader) error {
			seen++
			_, err := io.CopyN(io.Discard, r, 100)
			if err == io.EOF { //nolint:errorlint // as io.CopyN returns it
				return nil
			}
			return err
		}), nil)
		if err != nil {
			t.Fatalf("the bytes' fault became an error: %v", err)
		}
		if facts.Problem == nil && len(facts.Entries) > 0 {
			t.Error("an archive has the diffID of nothing")
		}
		if len(facts.Entries) > limits.MaxEntries || seen > limits.MaxEntries {
			t.Errorf("%d entries", len(facts.Entries))
		}
		for _, e := range facts.Entries {
			if !strings.HasPrefix(e.Path, "/") || path.Clean(e.Path) != e.Path || e.Mode > 0o7777 || e.Size < 0 {
				t.Errorf("entry %+v", e)
			}
		}
		if facts.Problem == nil || facts.Problem.Kind == gate.ProblemDiffID {
			facts.Problem = nil
			kept, err := facts.MarshalBinary()
			if err != nil || new(Facts).UnmarshalBinary(kept) != nil {
				t.Error("facts cannot be kept")
			}
		}
		both := []*Facts{facts, facts}
		v := Flatten(both)
		c := Contents(both, v, gate.Config{User: "app", Cmd: []string{"sh"}}, make([]gate.Descriptor, 2))
		MarkUnowned(&c, v, func(layer int, _ string) bool { return layer == 0 })
		if c.Command == nil || c.Unowned == nil || len(c.Unowned.Files) > maxUnowned {
			t.Errorf("command %v, unowned %v", c.Command, c.Unowned)
		}
		for i, l := range c.Layers {
			var added int64
			for _, a := range l.Adds {
				added += a.Bytes
			}
			if added > l.Bytes || l.Wasted > l.Bytes || l.Files > l.Entries {
				t.Errorf("layer %d: %+v", i, l)
			}
		}
		v.Walk(func(p string, n *Node) {
			if path.Clean(p) != p || n.Entry == nil || n.Entry.Kind == Whiteout || n.Entry.Kind == Opaque {
				t.Errorf("%q is %+v", p, n.Entry)
			}
			if at := v.Lookup(p); at != n {
				t.Errorf("%q cannot be found again", p)
			}
		})
		if c.User.Source == "" || c.Class == "" || len(c.Layers) != 2 {
			t.Errorf("contents %+v", c)
		}
	})
}
