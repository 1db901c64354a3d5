package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/imagegate/imagegate/internal/gate"
)

func zstandard(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func TestReadVerifiesAndCountsWhateverTheCompression(t *testing.T) {
	unpacked := tarOf(t, dir("etc"), file("etc/passwd", passwd), program("app"))
	members := [][]byte{gzipped(t, unpacked[:1024]), gzipped(t, unpacked[1024:])}
	for name, blob := range map[string][]byte{
		"plain": unpacked, "gzip": gzipped(t, unpacked), "zstd": zstandard(t, unpacked),
		"gzip of several members":                            bytes.Join(members, nil),
		"zstd behind a skippable frame, as chunked ones are": append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"), zstandard(t, unpacked)...),
		"gzip with bytes behind the archive":                 gzipped(t, append(bytes.Clone(unpacked), make([]byte, 4096)...)),
	} {
		t.Run(name, func(t *testing.T) {
			want := wantOf(blob, unpacked)
			if strings.HasPrefix(name, "gzip with") {
				want.DiffID = digestBytes(append(bytes.Clone(unpacked), make([]byte, 4096)...))
			}
			var heard int64
			f, err := Read(t.Context(), iotest.OneByteReader(bytes.NewReader(blob)), want, DefaultLimits(), nil, func(n int64) { heard = n })
			if err != nil || f.Problem != nil {
				t.Fatal(err, f.Problem)
			}
			if f.Compressed != int64(len(blob)) || heard != f.Compressed || len(f.Entries) != 3 || string(f.Captured["/etc/passwd"]) != passwd || f.Digest != want.Digest || f.DiffID != want.DiffID {
				t.Errorf("facts %+v after %d bytes", f, heard)
			}
			if e := f.Entries[2]; !e.Exec || e.Mode != 0o755 || e.Size != int64(len("\x7fELF app")) {
				t.Errorf("entry %+v", e)
			}
		})
	}
}

func TestWhatTheBytesDoWrongIsAFact(t *testing.T) {
	unpacked := tarOf(t, file("a", strings.Repeat("content ", 1000)), file("b", "x"))
	blob := gzipped(t, unpacked)
	noise := []byte(strings.Repeat("this is no archive. ", 100))
	other := "sha256:" + strings.Repeat("0", 64)
	honest := func(b []byte) Want { return wantOf(b, unpacked) }
	change := func(w Want, f func(*Want)) Want { f(&w); return w }
	small := func(f func(*Limits)) Limits { l := DefaultLimits(); f(&l); return l }
	for _, tt := range []struct {
		name   string
		blob   []byte
		want   Want
		limits Limits
		kind   gate.ProblemKind
	}{
		{"another digest", blob, change(honest(blob), func(w *Want) { w.Digest = other }), DefaultLimits(), gate.ProblemDigest},
		{"another diffID", blob, change(honest(blob), func(w *Want) { w.DiffID = other }), DefaultLimits(), gate.ProblemDiffID},
		{"fewer bytes than stated", blob, change(honest(blob), func(w *Want) { w.Size++ }), DefaultLimits(), gate.ProblemTruncated},
		{"more bytes than stated", blob, change(honest(blob), func(w *Want) { w.Size-- }), DefaultLimits(), gate.ProblemSize},
		{"many more bytes than stated", append(bytes.Clone(blob), make([]byte, 1<<20)...), honest(blob), DefaultLimits(), gate.ProblemSize},
		{"a gzip stream that was cut on the way", blob[:len(blob)/2], honest(blob), DefaultLimits(), gate.ProblemTruncated},
		{"a gzip stream that was cut before it was pushed", blob[:len(blob)/2], honest(blob[:len(blob)/2]), DefaultLimits(), gate.ProblemTruncated},
		{"a zstd stream that was cut before it was pushed", zstandard(t, unpacked)[:100], honest(zstandard(t, unpacked)[:100]), DefaultLimits(), gate.ProblemTruncated},
		{"an archive that was cut before it was compressed", gzipped(t, unpacked[:1500]), wantOf(gzipped(t, unpacked[:1500]), unpacked[:1500]), DefaultLimits(), gate.ProblemTruncated},
		{"a gzip stream with a broken checksum", flipped(blob, -6), honest(flipped(blob, -6)), DefaultLimits(), gate.ProblemFormat},
		{"a bit that fell over on the way", flipped(blob, 30), honest(blob), DefaultLimits(), gate.ProblemDigest},
		{"bytes behind the gzip stream", append(bytes.Clone(blob), noise...), honest(append(bytes.Clone(blob), noise...)), DefaultLimits(), gate.ProblemFormat},
		{"no archive", noise, wantOf(noise, noise), DefaultLimits(), gate.ProblemFormat},
		{"no archive, compressed", gzipped(t, noise), wantOf(gzipped(t, noise), noise), DefaultLimits(), gate.ProblemFormat},
		{"more entries than the limit", blob, honest(blob), small(func(l *Limits) { l.MaxEntries = 1 }), gate.ProblemEntries},
		{"longer names than the limit", blob, honest(blob), small(func(l *Limits) { l.MaxNames = 3 }), gate.ProblemEntries},
		{"more bytes than the limit", blob, honest(blob), small(func(l *Limits) { l.MaxUncompressed = 4000 }), gate.ProblemBytes},
		{"a higher ratio than the limit", blob, honest(blob), small(func(l *Limits) { l.MaxRatio, l.RatioAfter = 2, 1 }), gate.ProblemRatio},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := read(t, tt.blob, tt.want, tt.limits)
			if f.Problem == nil || f.Problem.Kind != tt.kind {
				t.Fatalf("problem %+v, want %s", f.Problem, tt.kind)
			}
			if !strings.Contains(f.Problem.Message, tt.want.Digest) {
				t.Errorf("the message does not name the layer: %s", f.Problem.Message)
			}
			if _, err := f.MarshalBinary(); err == nil {
				t.Error("facts of a defective layer can be kept")
			}
		})
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0xff
	return b
}

func TestLayersThatCannotBeLookedInto(t *testing.T) {
	for mediaType, readable := range map[string]bool{
		"application/vnd.oci.image.layer.v1.tar": true, "application/vnd.oci.image.layer.v1.tar+gzip": true, "application/vnd.oci.image.layer.v1.tar+zstd": true,
		"application/vnd.docker.image.rootfs.diff.tar.gzip": true, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": true,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": true,
		"application/vnd.oci.image.layer.v1.tar+gzip+encrypted":        false, "application/vnd.oci.image.layer.v1.tar+encrypted": false,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip+encrypted": false, "application/vnd.cncf.helm.chart": false, "": false,
	} {
		f := Unreadable(Want{Digest: "sha256:00", DiffID: "sha256:01", MediaType: mediaType})
		if (f == nil) != readable {
			t.Errorf("%q: %+v", mediaType, f)
		}
		if f != nil && (f.Problem.Kind != gate.ProblemEncrypted || f.Digest != "sha256:00") {
			t.Errorf("%q: %+v", mediaType, f)
		}
	}
}

func TestErrorsAreThoseOfSourceVisitorAndCaller(t *testing.T) {
	unpacked := tarOf(t, file("a", strings.Repeat("content ", 100_000)), file("b", "x"))
	blob := gzipped(t, unpacked)
	want := wantOf(blob, unpacked)
	boom := errors.New("boom")
	t.Run("a source that fails", func(t *testing.T) {
		for _, at := range []int{0, 1, 100, len(blob) - 1, len(blob)} {
			src := io.MultiReader(bytes.NewReader(blob[:at]), iotest.ErrReader(boom))
			w := want
			w.Size = 0
			if _, err := Read(t.Context(), src, w, DefaultLimits(), nil, nil); !errors.Is(err, boom) {
				t.Errorf("after %d of %d bytes: %v", at, len(blob), err)
			}
		}
	})
	t.Run("a source that ends unexpectedly is no truncated layer", func(t *testing.T) {
		src := io.MultiReader(bytes.NewReader(blob[:100]), iotest.ErrReader(io.ErrUnexpectedEOF))
		if _, err := Read(t.Context(), src, want, DefaultLimits(), nil, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
	})
	t.Run("a visitor that fails", func(t *testing.T) {
		_, err := Read(t.Context(), bytes.NewReader(blob), want, DefaultLimits(), visitor(func(*Entry, io.Reader) error { return boom }), nil)
		if !errors.Is(err, boom) {
			t.Error(err)
		}
	})
	t.Run("a visitor that passes on what the bytes do wrong is not to blame", func(t *testing.T) {
		cut := gzipped(t, unpacked[:10_000])
		f, err := Read(t.Context(), bytes.NewReader(cut), wantOf(cut, unpacked[:10_000]), DefaultLimits(), visitor(func(_ *Entry, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}), nil)
		if err != nil || f.Problem == nil || f.Problem.Kind != gate.ProblemTruncated {
			t.Error(err, f)
		}
	})
	t.Run("a caller that gives up", func(t *testing.T) {
		for name, at := range map[string]int{"before": 0, "in the middle": 10_000} {
			ctx, cancel := context.WithCancel(t.Context())
			src := io.MultiReader(bytes.NewReader(blob[:min(at, len(blob)/2)]), cancelling{cancel, bytes.NewReader(blob[min(at, len(blob)/2):])})
			if _, err := Read(ctx, src, want, DefaultLimits(), nil, nil); !errors.Is(err, context.Canceled) {
				t.Error(name, err)
			}
			cancel()
		}
	})
}

// cancelling gives its caller up when it is read.
type cancelling struct {
	cancel func()
	r      io.Reader
}

func (c cancelling) Read(p []byte) (int, error) {
	c.cancel()
	return c.r.Read(p)
}

func TestAVisitorSeesEveryRegularFileWhole(t *testing.T) {
	long := strings.Repeat("0123456789", 200_000)
	unpacked := tarOf(t, file("a", "first"), program("bin/sh"), file("etc/passwd", passwd), fileMode("etc/group", "#!x", 0o755), file("empty", ""), symlink("l", "a"), file("long", long))
	for name, all := range map[string]bool{"read to the end": true, "left after a byte": false} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			f, err := Read(t.Context(), bytes.NewReader(unpacked), wantOf(unpacked, unpacked), DefaultLimits(), visitor(func(e *Entry, r io.Reader) error {
				if !all {
					r = io.LimitReader(r, 1)
				}
				b, err := io.ReadAll(r)
				got[e.Path] = string(b)
				return err
			}), nil)
			if err != nil || f.Problem != nil {
				t.Fatal(err, f.Problem)
			}
			for path, body := range map[string]string{"/a": "first", "/bin/sh": "\x7fELF bin/sh", "/etc/passwd": passwd, "/etc/group": "#!x", "/long": long} {
				if !all {
					body = body[:1]
				}
				if got[path] != body {
					t.Errorf("%s: saw %d bytes of %d", path, len(got[path]), len(body))
				}
			}
			if len(got) != 5 {
				t.Errorf("saw %d files", len(got))
			}
		})
	}
}

// bomb is a gzip stream of n zero bytes behind a tar header.
func bomb(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "zeros", Size: n, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	blob := gzipped(t, b.Bytes())
	block := gzipped(t, make([]byte, 16<<20))
	for ; n > 0; n -= 16 << 20 {
		blob = append(blob, block...)
	}
	return blob
}

func TestAGzipBombEndsEarlyAndInLittleMemory(t *testing.T) {
	blob := bomb(t, 4<<30)
	var heard int64
	before := allocated()
	f, err := Read(t.Context(), bytes.NewReader(blob), wantOf(blob, nil), DefaultLimits(), nil, func(n int64) { heard = n })
	if err != nil {
		t.Fatal(err)
	}
	if f.Problem == nil || f.Problem.Kind != gate.ProblemRatio || !strings.Contains(f.Problem.Message, "bomb") {
		t.Errorf("problem %+v", f.Problem)
	}
	if f.Uncompressed > 300<<20 || heard == int64(len(blob)) {
		t.Errorf("unpacked %d bytes of %d compressed", f.Uncompressed, heard)
	}
	if used := allocated() - before; used > 32<<20 {
		t.Errorf("allocated %d bytes on the way", used)
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// endless writes a tar archive of entries as long as somebody reads it.
func endless(t *testing.T, header func(i int) *tar.Header) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { _ = r.Close() })
	go func() {
		tw := tar.NewWriter(w)
		for i := 0; ; i++ {
			if err := tw.WriteHeader(header(i)); err != nil {
				_ = w.CloseWithError(err)
				return
			}
		}
	}()
	return r
}

func TestEntriesWithoutEndMeetALimit(t *testing.T) {
	limits := DefaultLimits()
	limits.MaxEntries = 5000
	limits.MaxNames = 1 << 20
	for name, header := range map[string]func(i int) *tar.Header{
		"empty files":                  func(i int) *tar.Header { return &tar.Header{Name: fmt.Sprintf("f%d", i), Mode: 0o644} },
		"one file again and again":     func(int) *tar.Header { return &tar.Header{Name: "f", Mode: 0o644} },
		"entries that are not kept":    func(i int) *tar.Header { return &tar.Header{Typeflag: 'V', Name: fmt.Sprintf("v%d", i)} },
		"bookkeeping that is not kept": func(i int) *tar.Header { return &tar.Header{Name: fmt.Sprintf(".wh..wh.%d", i)} },
		"whiteouts":                    func(i int) *tar.Header { return &tar.Header{Name: fmt.Sprintf(".wh.%d", i)} },
		"long names":                   func(i int) *tar.Header { return &tar.Header{Name: fmt.Sprintf("%0200d/%0200d", i, i), Mode: 0o644} },
		"long links": func(i int) *tar.Header {
			return &tar.Header{Typeflag: tar.TypeSymlink, Name: fmt.Sprint(i), Linkname: strings.Repeat("x", 4000)}
		},
		"names that are too long": func(i int) *tar.Header { return &tar.Header{Name: strings.Repeat("x/", 3000) + fmt.Sprint(i)} },
		"directories that are implied": func(i int) *tar.Header {
			return &tar.Header{Name: fmt.Sprint(i) + strings.Repeat("/d", 1000), Mode: 0o644}
		},
		"files of a deep tree, by turns": func(i int) *tar.Header {
			return &tar.Header{Name: strings.Repeat("d/", i%2000) + fmt.Sprint(i), Mode: 0o644}
		},
	} {
		t.Run(name, func(t *testing.T) {
			src := endless(t, header)
			f, err := Read(t.Context(), src, Want{Digest: "sha256:00"}, limits, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Problem == nil || f.Problem.Kind != gate.ProblemEntries {
				t.Fatalf("problem %+v", f.Problem)
			}
			if len(f.Entries) > limits.MaxEntries || len(f.Unsafe) > maxUnsafe {
				t.Errorf("kept %d entries and %d unsafe ones", len(f.Entries), len(f.Unsafe))
			}
			nodes := 0
			countNodes(Flatten([]*Facts{f}).root, &nodes)
			if nodes > limits.MaxEntries+maxName { // the last entry's own directories
				t.Errorf("the view has %d nodes", nodes)
			}
		})
	}
}

func countNodes(n *Node, total *int) {
	*total++
	for _, c := range n.children {
		countNodes(c, total)
	}
}

// sparse is a GNU sparse file of n bytes, all of them one hole.
func sparse(n int64) []byte {
	b := make([]byte, 512)
	copy(b, "hole")
	copy(b[100:], "0000644\x00")
	copy(b[124:], "00000000000\x00") // nothing in the archive
	b[156] = 'S'
	copy(b[257:], "ustar  \x00")
	copy(b[386:], fmt.Sprintf("%011o\x00%011o\x00", 0, 0))
	size := b[483:495]
	size[0] = 0x80 // base 256
	for i := 11; n > 0; i-- {
		size[i] = byte(n)
		n >>= 8
	}
	copy(b[148:], "        ")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return append(b, make([]byte, 1024)...)
}

func TestASparseFileCannotHoldTheGateUp(t *testing.T) {
	t.Run("a small one is a file", func(t *testing.T) {
		b := sparse(1 << 20)
		f := read(t, b, wantOf(b, b), DefaultLimits())
		if f.Problem != nil || len(f.Entries) != 1 || f.Entries[0].Size != 1<<20 {
			t.Errorf("facts %+v", f)
		}
	})
	t.Run("one of an exabyte is a bomb", func(t *testing.T) {
		b := sparse(1 << 60)
		f := read(t, b, wantOf(b, b), DefaultLimits())
		if f.Problem == nil || f.Problem.Kind != gate.ProblemRatio {
			t.Errorf("problem %+v", f.Problem)
		}
	})
}

func TestCapturedFilesAreBounded(t *testing.T) {
	limits := DefaultLimits()
	limits.MaxCaptured = 1000
	var members []member
	for i := range 100 {
		members = append(members, file(fmt.Sprintf("decoy%d/etc/passwd", i), strings.Repeat("x", 900)))
	}
	members = append(members, file("etc/passwd", passwd), file("etc/group", strings.Repeat("x", 1001)))
	b := tarOf(t, members...)
	f := read(t, b, wantOf(b, b), limits)
	total := 0
	for _, content := range f.Captured {
		total += len(content)
	}
	if total > 8*1000 || string(f.Captured["/etc/passwd"]) != passwd || f.Captured["/etc/group"] != nil {
		t.Errorf("captured %d files with %d bytes", len(f.Captured), total)
	}
}
