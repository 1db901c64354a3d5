package layer

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
)

// headSize is how much of every file is looked at: a page, in which ELF files
// name their loader and keys begin.
const headSize = 4 << 10

// file passes a file's bytes to whoever wants them.
func (w *walk) file(ctx context.Context, e *Entry, content io.Reader) (uint64, error) {
	w.hash.Reset()
	w.tee = teeHash{r: content, h: &w.hash, meter: &w.content}
	w.head = headed{r: &w.tee}
	r := &w.head
	if err := w.examine(e, r); err != nil {
		return 0, err
	}
	if w.visitor != nil && w.visitor.Wants(e) {
		tell := &errorTeller{r: r}
		if err := w.visitor.File(ctx, e, tell); err != nil {
			if tell.err != nil {
				return 0, tell.err // the stream's, not the visitor's
			}
			return 0, &visitError{err}
		}
	}
	// What the visitor left is still hashed, here and in the stream.
	err := w.drain(r)
	return w.hash.Sum64(), err
}

// drain is io.Copy to nowhere, with a buffer worth the hash's while.
func (w *walk) drain(r *headed) error {
	r.head = nil // part of it, or all, has passed the hash already
	for {
		if _, err := r.r.Read(w.sink); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// examine reads a file's beginning, takes facts of it, and gives it back.
func (w *walk) examine(e *Entry, r *headed) error {
	base := e.Path[strings.LastIndexByte(e.Path, '/')+1:]
	s := subjectOf(e.Path, base)
	captured := w.captures(e, base)
	want := int64(headSize)
	if s != nil {
		want = max(want, s.size)
	}
	if captured {
		want = e.Size
	}
	want = min(want, e.Size)
	if int64(len(w.buf)) < want {
		w.buf = make([]byte, want)
	}
	b := w.buf[:want]
	if _, err := io.ReadFull(r.r, b); err != nil {
		return err
	}
	r.head = b
	head := b[:min(len(b), headSize)]
	w.form(e, head)
	if captured {
		w.facts.Captured[e.Path] = withoutPasswords(base, b)
	}
	if s != nil {
		w.judge(e, s, b)
	}
	w.keys(e, base, head)
	w.dumps(e, base, head)
	return nil
}

// captures reports whether a file's content is kept: always where the path is
// captured, and within a bound where such a path might link to it.
func (w *walk) captures(e *Entry, base string) bool {
	paths := captured[base]
	if paths == nil || e.Size > w.limits.MaxCaptured || !endsInOne(e.Path, paths) {
		return false
	}
	if slices.Contains(paths, e.Path) {
		return true
	}
	w.captured += e.Size
	return w.captured <= 4*w.limits.MaxCaptured
}

func endsInOne(p string, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(p, end) })
}

// forget drops what an earlier entry of the same path left: the last counts.
func (w *walk) forget(p string) {
	delete(w.facts.Captured, p)
	delete(w.facts.Bundles, p)
	if w.entrances[p] {
		delete(w.entrances, p)
		w.facts.Findings = slices.DeleteFunc(w.facts.Findings, func(f Finding) bool { return f.Class == Access && f.Path == p })
	}
}
