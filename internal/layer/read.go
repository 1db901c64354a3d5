package layer

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync/atomic"

	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/sync/errgroup"

	"github.com/imagegate/imagegate/internal/gate"
)

// Visitor sees each regular file while the stream passes. It is called from
// one goroutine.
type Visitor interface {
	// Wants reports whether File shall be called; content that is not
	// wanted is hashed and skipped.
	Wants(e *Entry) bool
	// File may read content during the call, and must not keep it. An error
	// ends the pass and is returned by Read.
	File(ctx context.Context, e *Entry, content io.Reader) error
}

// Want is what manifest and config say of a layer. Size 0 means unknown.
type Want struct {
	Digest    string
	DiffID    string
	Size      int64
	MediaType string
}

// Unreadable returns facts with a problem when the layer's media type says that
// its bytes cannot be looked into; nil otherwise. No byte need be fetched then.
func Unreadable(want Want) *Facts {
	mt := want.MediaType
	switch {
	case strings.HasSuffix(mt, "+encrypted"):
		return problemFacts(want, gate.ProblemEncrypted, "the layer is encrypted, so nothing in it can be checked")
	case mt == "application/vnd.oci.image.layer.v1.tar", mt == "application/vnd.oci.image.layer.v1.tar+gzip", mt == "application/vnd.oci.image.layer.v1.tar+zstd",
		mt == "application/vnd.docker.image.rootfs.diff.tar", mt == "application/vnd.docker.image.rootfs.diff.tar.gzip", mt == "application/vnd.docker.image.rootfs.diff.tar.zstd",
		strings.HasPrefix(mt, "application/vnd.oci.image.layer.nondistributable.v1.tar"), mt == "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
		return nil
	}
	return problemFacts(want, gate.ProblemEncrypted, fmt.Sprintf("the layer's media type %.100q is unknown, so nothing in it can be checked", mt))
}

func problemFacts(want Want, kind gate.ProblemKind, message string) *Facts {
	return &Facts{Digest: want.Digest, DiffID: want.DiffID, Problem: &gate.LayerProblem{Kind: kind, Message: message}}
}

// Read makes one pass over a layer: compressed bytes are counted and hashed,
// decompressed (gzip, zstd or plain, told by their first bytes), counted and
// hashed again, and walked as tar, v seeing the regular files. progress, which
// may be nil, hears of compressed bytes read. Decompression runs beside the
// walk. The source is closed by the caller.
//
// An error is a failure of src, of v, or ctx's end; everything the bytes do
// wrong is Facts.Problem.
func Read(ctx context.Context, src io.Reader, want Want, limits Limits, v Visitor, progress func(n int64)) (*Facts, error) {
	var g errgroup.Group
	in := &source{ctx: ctx, r: src, hash: sha256.New(), max: want.Size, progress: progress}
	pipe := newPipe(ctx)
	g.Go(func() error {
		pipe.finish(decompress(in, pipe))
		return nil
	})
	facts := &Facts{Digest: want.Digest, DiffID: want.DiffID, Captured: map[string][]byte{}}
	out := &stream{r: pipe, hash: sha256.New(), meter: meter{limits: limits, compressed: in.n.Load}}
	walkErr := newWalk(facts, limits, v, in.n.Load).run(ctx, out)
	if walkErr == nil {
		_, walkErr = io.Copy(io.Discard, out) // what follows the archive is hashed too
	}
	pipe.abandon()
	_ = g.Wait() // its function returns nil
	if in.err != nil {
		return nil, in.err
	}
	if err := ctx.Err(); err != nil && walkErr != nil {
		return nil, err
	}
	facts.Uncompressed = out.meter.n
	var visit *visitError
	if errors.As(walkErr, &visit) {
		return nil, visit.err
	}
	facts.Problem = judge(in, out, want, walkErr)
	facts.Compressed = in.n.Load()
	if facts.Problem != nil {
		facts.Problem.Message = "layer " + want.Digest + ": " + facts.Problem.Message
	}
	return facts, in.err
}

// judge says what is wrong with the bytes, if anything. A digest that does not
// match explains every other defect, so it is looked at first: for that the
// rest of the blob is read where the walk ended early.
func judge(in *source, out *stream, want Want, walkErr error) *gate.LayerProblem {
	var limit *limitError
	if errors.As(walkErr, &limit) {
		return &gate.LayerProblem{Kind: limit.kind, Message: limit.message}
	}
	if _, err := io.Copy(io.Discard, in); err != nil && in.err != nil {
		return nil // a failure of the source, which Read returns
	}
	problem := func(kind gate.ProblemKind, format string, args ...any) *gate.LayerProblem {
		return &gate.LayerProblem{Kind: kind, Message: fmt.Sprintf(format, args...)}
	}
	if want.Size > 0 && in.n.Load() < want.Size {
		return problem(gate.ProblemTruncated, "has %d bytes, its descriptor says %d", in.n.Load(), want.Size)
	}
	if in.over {
		return problem(gate.ProblemSize, "has more bytes than the %d its descriptor says", want.Size)
	}
	if got := digestOf(in.hash); got != want.Digest {
		return problem(gate.ProblemDigest, "the bytes have digest %s, which is not the manifest's", got)
	}
	switch {
	case errors.Is(walkErr, io.ErrUnexpectedEOF):
		return problem(gate.ProblemTruncated, "the archive ends in the middle of an entry")
	case walkErr != nil:
		return problem(gate.ProblemFormat, "not a tar archive that can be read: %v", walkErr)
	}
	if got := digestOf(out.hash); got != want.DiffID {
		return problem(gate.ProblemDiffID, "unpacks to %s, the config says %s", got, want.DiffID)
	}
	return nil
}

func digestOf(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

// source counts and hashes compressed bytes, and tells the source's own errors
// from those of what the bytes mean. It ends one byte past the declared size.
type source struct {
	ctx      context.Context
	r        io.Reader
	hash     hash.Hash
	max      int64
	over     bool
	n        atomic.Int64
	err      error
	progress func(int64)
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	if s.over {
		return 0, io.EOF
	}
	n, err := s.r.Read(p)
	if s.max > 0 && s.n.Load()+int64(n) > s.max {
		s.over = true
		n, err = int(s.max-s.n.Load()), io.EOF
	}
	s.hash.Write(p[:n])
	total := s.n.Add(int64(n))
	if s.progress != nil && n > 0 {
		s.progress(total)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// stream hashes and meters uncompressed bytes on their way to the walk.
type stream struct {
	r     io.Reader
	hash  hash.Hash
	meter meter
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.hash.Write(p[:n])
	if limit := s.meter.add(n); limit != nil {
		return n, limit
	}
	return n, err
}
