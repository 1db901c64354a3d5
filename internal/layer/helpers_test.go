package layer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// member is one entry of a handmade layer.
type member struct {
	tar.Header
	body string
}

func dir(name string) member { return dirMode(name, 0o755) }
func dirMode(name string, mode int64) member {
	return member{tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}, ""}
}
func file(name, body string) member { return fileMode(name, body, 0o644) }
func fileMode(name, body string, mode int64) member {
	return member{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}, body}
}
func program(name string) member { return fileMode(name, "\x7fELF "+name, 0o755) }
func symlink(name, target string) member {
	return member{tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, ""}
}
func hardlink(name, target string) member {
	return member{tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}, ""}
}
func device(kind byte, name string, major, minor int64) member {
	return member{tar.Header{Typeflag: kind, Name: name, Devmajor: major, Devminor: minor, Mode: 0o600}, ""}
}
func whiteout(name string) member {
	i := strings.LastIndex(name, "/") + 1
	return file(name[:i]+".wh."+name[i:], "")
}
func opaque(dir string) member { return file(dir+"/.wh..wh..opq", "") }

// tarOf packs members.
func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		m.Size = int64(len(m.body))
		if err := w.WriteHeader(&m.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func digestBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// wantOf says of a blob what an honest manifest and config would.
func wantOf(blob, unpacked []byte) Want {
	return Want{Digest: digestBytes(blob), DiffID: digestBytes(unpacked), Size: int64(len(blob)), MediaType: "application/vnd.oci.image.layer.v1.tar+gzip"}
}

// read makes the pass over a blob.
func read(t testing.TB, blob []byte, want Want, limits Limits) *Facts {
	t.Helper()
	f, err := Read(t.Context(), bytes.NewReader(blob), want, limits, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// factsOf are those of an honest layer of members.
func factsOf(t testing.TB, members ...member) *Facts {
	t.Helper()
	b := tarOf(t, members...)
	f := read(t, b, wantOf(b, b), DefaultLimits())
	if f.Problem != nil {
		t.Fatalf("the layer has a problem: %v", f.Problem)
	}
	return f
}

// imageOf flattens layers and gathers their contents.
func imageOf(t testing.TB, config gate.Config, layers ...[]member) (*View, gate.Contents) {
	t.Helper()
	var facts []*Facts
	var descriptors []gate.Descriptor
	for _, members := range layers {
		f := factsOf(t, members...)
		facts = append(facts, f)
		descriptors = append(descriptors, gate.Descriptor{Digest: f.Digest})
	}
	v := Flatten(facts)
	return v, Contents(facts, v, config, descriptors)
}

// list is the view one path a line: kind, path, layer and what a link leads to.
func list(v *View) []string {
	var out []string
	v.Walk(func(p string, n *Node) {
		line := fmt.Sprintf("%c %s %d", "fdlhcbp"[n.Entry.Kind], p, n.Layer)
		if n.Entry.Kind == Symlink {
			line += " -> " + n.Entry.Link
		}
		out = append(out, line)
	})
	return out
}

// paths are those of files, in order.
func paths(files []gate.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func expect(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// visitor takes every file.
type visitor func(e *Entry, content io.Reader) error

func (visitor) Wants(*Entry) bool { return true }
func (f visitor) File(_ context.Context, e *Entry, content io.Reader) error {
	return f(e, content)
}
