package layer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/imagegate/imagegate/internal/gate"
)

// benchLayer is a gzip layer of about size unpacked bytes that compress to a
// third, in files as a distribution has them, their sizes powers of two
// from 256 bytes over most steps.
func benchLayer(b *testing.B, size, most int) (blob, unpacked []byte) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	words := make([]byte, 1<<16)
	for i := range words {
		words[i] = byte(r.IntN(256))
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	body := make([]byte, 0, 1<<18)
	for i := 0; out.Len() < size; i++ {
		body = body[:0]
		for n := 1 << (8 + r.IntN(most)); len(body) < n; {
			at := r.IntN(len(words) - 64)
			body = append(body, words[at:at+8+r.IntN(40)]...)
		}
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("usr/lib/d%03d/file%05d", i%200, i), Mode: 0o644, Size: int64(len(body))}); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	var packed bytes.Buffer
	gz, _ := gzip.NewWriterLevel(&packed, gzip.DefaultCompression)
	if _, err := gz.Write(out.Bytes()); err != nil {
		b.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		b.Fatal(err)
	}
	return packed.Bytes(), out.Bytes()
}

// floor decompresses a layer and hashes both sides, in one goroutine: what no
// verified reading of it can leave out.
func floor(b *testing.B, blob []byte) {
	b.Helper()
	compressed, unpacked := sha256.New(), sha256.New()
	gz, err := kgzip.NewReader(io.TeeReader(bytes.NewReader(blob), compressed))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(unpacked, gz); err != nil {
		b.Fatal(err)
	}
	if digestOf(unpacked) == digestOf(compressed) {
		b.Fatal("nothing was read")
	}
}

// BenchmarkRead reports the pass over a layer of 50 MB in MB/s of unpacked
// bytes, and "x-floor": its time over that of the floor in the same run.
func BenchmarkRead(b *testing.B) { benchRead(b, 10) }

// BenchmarkReadSmallFiles is the same for files of 1.3 KB on average, as the
// modules of a Node application.
func BenchmarkReadSmallFiles(b *testing.B) { benchRead(b, 5) }

func benchRead(b *testing.B, most int) {
	b.Helper()
	blob, unpacked := benchLayer(b, 50<<20, most)
	want := wantOf(blob, unpacked)
	b.SetBytes(int64(len(unpacked)))
	b.ReportAllocs()
	var reading, least time.Duration
	for b.Loop() {
		began := time.Now()
		f, err := Read(b.Context(), bytes.NewReader(blob), want, DefaultLimits(), nil, nil)
		if err != nil || f.Problem != nil {
			b.Fatal(err, f.Problem)
		}
		reading += time.Since(began)
		b.StopTimer()
		began = time.Now()
		floor(b, blob)
		least += time.Since(began)
		b.StartTimer()
	}
	b.ReportMetric(float64(reading)/float64(least), "x-floor")
}

// BenchmarkFloor is the floor alone.
func BenchmarkFloor(b *testing.B) {
	blob, unpacked := benchLayer(b, 50<<20, 10)
	b.SetBytes(int64(len(unpacked)))
	for b.Loop() {
		floor(b, blob)
	}
}

// BenchmarkFlatten flattens ten layers of 10,000 entries and gathers contents.
func BenchmarkFlatten(b *testing.B) {
	var facts []*Facts
	for l := range 10 {
		f := &Facts{}
		for i := range 10_000 {
			f.Entries = append(f.Entries, Entry{Path: fmt.Sprintf("/usr/lib/d%03d/file%05d", i%200, i+l*5000), Size: 10, Mode: 0o644})
		}
		facts = append(facts, f)
	}
	b.ReportAllocs()
	for b.Loop() {
		v := Flatten(facts)
		if c := Contents(facts, v, gate.Config{}, make([]gate.Descriptor, len(facts))); c.Files != 55_000 {
			b.Fatal(c.Files)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/entry")
}

// BenchmarkUnmarshalFacts reads kept facts of 100,000 entries.
func BenchmarkUnmarshalFacts(b *testing.B) {
	f := &Facts{}
	for i := range 100_000 {
		f.Entries = append(f.Entries, Entry{Path: fmt.Sprintf("/usr/lib/d%03d/file%05d", i/500, i), Size: 10, Mode: 0o644})
	}
	kept, err := f.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(kept)))
	b.ReportAllocs()
	for b.Loop() {
		if err := new(Facts).UnmarshalBinary(kept); err != nil {
			b.Fatal(err)
		}
	}
}
