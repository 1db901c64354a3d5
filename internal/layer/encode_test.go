package layer

import (
	"archive/tar"
	"bytes"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestFactsSurviveBeingKept(t *testing.T) {
	a, _ := authority(t, "A")
	b, _ := authority(t, "B")
	bundle := a + b
	for name, f := range map[string]*Facts{
		"of an empty layer": factsOf(t),
		"of every kind of entry": factsOf(t, dirMode("tmp", 0o1777), fileMode("su", "\x7fELF", 0o4755), symlink("l", "../x"), hardlink("h", "su"), device(tar.TypeChar, "c", 1, 3),
			device(tar.TypeBlock, "b", 8, 1), device(tar.TypeFifo, "p", 0, 0), whiteout("gone"), opaque("d"), capable("ping", capability(1<<13, 0, true)),
			file("etc/passwd", passwd), file("../up", "x"), member{tar.Header{Name: "owned", Uid: 1000, Gid: -1, Mode: 0o600}, "x"}),
		"of names that are no text": factsOf(t, file("a\xff\xfe", ""), file("ä/ö", "")),
		"of every kind of evidence": factsOf(t, fileMode("bin/a", elf(elfOptions{interp: "/lib/ld.so", packed: true}), 0o755), fileMode("bin/b", "#!/usr/bin/env node\n", 0o755), fileMode("lib/c.so", elf(elfOptions{machine: 183}), 0o644),
			file("k.pem", pemOf("ENCRYPTED PRIVATE KEY", nil)), file("root/.netrc", "machine h password "+secret), file("root/.bash_history", "ls"), file("etc/sudoers", "a ALL=NOPASSWD: ALL"),
			file("etc/ssl/certs/ca-certificates.crt", bundle), file("etc/ssl/cert.pem", ""), file("etc/shadow", "root::1:")),
		"with large numbers": {Digest: "d", DiffID: "e", Compressed: 1 << 40, Uncompressed: 1 << 50, Captured: map[string][]byte{"x": {}}, Cut: []string{"keys"}, Entries: []Entry{{Path: "/x", UID: 1<<31 - 1, GID: 1<<32 - 5, Size: 1 << 60, Mode: 0o7777, Form: unknownForm}}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := f.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			got := Facts{Digest: "of another layer", Unsafe: []Unsafe{{"x", "y"}}, Problem: &gate.LayerProblem{}}
			if err := got.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(normal(got), normal(*f)) {
				t.Errorf("got  %+v\nwant %+v", got, *f)
			}
			again, _ := got.MarshalBinary()
			if !bytes.Equal(again, b) {
				t.Error("kept again, the bytes differ")
			}
		})
	}
}

// normal makes empty lists nil, which means the same.
func normal(f Facts) Facts {
	if len(f.Entries) == 0 {
		f.Entries = nil
	}
	return f
}

// TestRandomFactsSurviveBeingKept is the same for many layers of random entries
// and random evidence.
func TestRandomFactsSurviveBeingKept(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		members := randomLayer(r)
		for i := range members {
			if m := &members[i]; m.Typeflag == tar.TypeReg && !strings.Contains(m.Name, ".wh.") {
				m.Mode = int64(r.IntN(0o10000))
				m.body = []string{
					elf(elfOptions{machine: uint16(r.IntN(300)), kind: uint16(r.IntN(5)), interp: m.Name, narrow: r.IntN(2) == 0}), "#!/" + m.Name + "\n\n", pemOf("RSA PRIVATE KEY", nil), "PGDMP12",
				}[r.IntN(4)]
			}
		}
		f := factsOf(t, members...)
		b, err := f.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got Facts
		if err := got.UnmarshalBinary(b); err != nil || !reflect.DeepEqual(normal(got), normal(*f)) {
			t.Fatalf("seed %d: %v\ngot  %+v\nwant %+v", seed, err, got, *f)
		}
	}
}

func TestKeptFactsAreSmall(t *testing.T) {
	var members []member
	for i := range 2000 {
		members = append(members, file("usr/lib/node_modules/package/dist/file"+string(rune('a'+i%26))+strings.Repeat("x", i%7)+".js", ""))
	}
	b, err := factsOf(t, members...).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if per := len(b) / 2000; per > 24 {
		t.Errorf("%d bytes an entry", per)
	}
}

func TestDamagedFactsAreAnError(t *testing.T) {
	whole, err := factsOf(t, file("etc/passwd", passwd), symlink("l", "x"), capable("ping", capability(1, 0, true)), file("../up", "")).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		if new(Facts).UnmarshalBinary(whole[:i]) == nil {
			t.Errorf("the first %d of %d bytes are read", i, len(whole))
		}
	}
	if new(Facts).UnmarshalBinary(append(bytes.Clone(whole), 0)) == nil {
		t.Error("a byte too many is read")
	}
	if new(Facts).UnmarshalBinary(append([]byte{encoding + 1}, whole[1:]...)) == nil {
		t.Error("another version is read")
	}
}

func TestDamagedFactsTakeLittleMemory(t *testing.T) {
	var count writer // of more than there can be
	count.uint(encoding)
	for range 8 {
		count.uint(0)
	}
	count.uint(1 << 40)

	var shared writer // one long path, and many that share all of it
	shared.uint(encoding)
	for range 10 {
		shared.uint(0)
	}
	long := "/" + strings.Repeat("x", 1<<20)
	shared.uint(100_001)
	shared.entry(&Entry{Path: long}, "")
	first := len(shared.b)
	shared.entry(&Entry{Path: long + "y"}, long)
	shared.b = append(shared.b[:first], bytes.Repeat(shared.b[first:], 100_000)...)
	for name, b := range map[string][]byte{"a count that is a lie": count.b, "paths that share a long one": shared.b} {
		t.Run(name, func(t *testing.T) {
			before := allocated()
			if new(Facts).UnmarshalBinary(b) == nil {
				t.Error("they are read")
			}
			if used := allocated() - before; used > uint64(20*len(b)+2*maxNames) {
				t.Errorf("allocated %d bytes for %d", used, len(b))
			}
			runtime.GC()
		})
	}
}

// FuzzUnmarshalBinary feeds any bytes to the reader of kept facts; what it
// accepts must mean the same when kept again.
func FuzzUnmarshalBinary(f *testing.F) {
	for seed := range uint64(5) {
		b, err := factsOf(f, randomLayer(rand.New(rand.NewPCG(seed, 3)))...).MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Facts
		if first.UnmarshalBinary(data) != nil {
			return
		}
		b, err := first.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := second.UnmarshalBinary(b); err != nil {
			t.Fatalf("kept again, they cannot be read: %v", err)
		}
		if !reflect.DeepEqual(first, second) {
			t.Errorf("kept again, %+v became %+v", first, second)
		}
	})
}
