package layer

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// walk turns a tar stream into facts.
type walk struct {
	facts   *Facts
	limits  Limits
	visitor Visitor

	seen     map[string]uint64 // path -> what it was, to tell duplicates
	symlinks map[string]bool
	seed     maphash.Seed
	lastDir  string // the last parent found free of symlinks
}

func newWalk(f *Facts, l Limits, v Visitor) *walk {
	return &walk{facts: f, limits: l, visitor: v, seen: map[string]uint64{}, symlinks: map[string]bool{}, seed: maphash.MakeSeed()}
}

// visitError carries a visitor's error through the walk.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }

// maxUnsafe bounds the unsafe entries kept of one layer.
const maxUnsafe = 1000

func (w *walk) run(ctx context.Context, r io.Reader) error {
	tr := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return err
		}
		if len(w.facts.Entries) >= w.limits.MaxEntries {
			return &limitError{gate.ProblemEntries, fmt.Sprintf("the layer has more than %d entries", w.limits.MaxEntries)}
		}
		if err := w.entry(ctx, h, tr); err != nil {
			return err
		}
	}
}

func (w *walk) entry(ctx context.Context, h *tar.Header, content io.Reader) error {
	e, ok := w.convert(h)
	if !ok {
		return nil
	}
	sum := uint64(0)
	if e.Kind == File && e.Size > 0 {
		var err error
		if sum, err = w.content(ctx, &e, content); err != nil {
			return err
		}
	}
	w.suspect(&e, sum)
	w.facts.Entries = append(w.facts.Entries, e)
	return nil
}

// content passes a file's bytes to whoever wants them.
func (w *walk) content(ctx context.Context, e *Entry, content io.Reader) (uint64, error) {
	var h maphash.Hash
	h.SetSeed(w.seed)
	r := io.Reader(&teeHash{r: content, h: &h})
	switch {
	case e.Mode&0o111 != 0 && e.Size >= 4:
		head := make([]byte, 4)
		if _, err := io.ReadFull(r, head); err != nil {
			return 0, err
		}
		e.Exec = string(head) == "\x7fELF" || string(head[:2]) == "#!"
		r = &headed{head: head, r: r}
	case captured[e.Path] && e.Size <= w.limits.MaxCaptured:
		body, err := io.ReadAll(r)
		if err != nil {
			return 0, err
		}
		w.facts.Captured[e.Path] = body
		r = &headed{head: body, r: strings.NewReader("")}
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
	_, err := io.Copy(io.Discard, r)
	return h.Sum64(), err
}

// convert makes an entry of a header; false for what is none.
func (w *walk) convert(h *tar.Header) (Entry, bool) {
	if bad := unsafeName(h.Name); bad != "" {
		w.unsafe(h.Name, bad)
	}
	e := Entry{
		Path: path.Clean("/" + h.Name), Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid, Size: h.Size, Link: h.Linkname,
	}
	if c := h.PAXRecords["SCHILY.xattr.security.capability"]; c != "" && len(c) <= 64 {
		e.Caps = []byte(c)
	}
	dir, name := path.Split(e.Path)
	if deleted, ok := strings.CutPrefix(name, ".wh."); ok {
		return w.whiteout(dir, deleted)
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, '\x00', tar.TypeCont:
		e.Kind = File
	case tar.TypeDir:
		e.Kind, e.Size = Dir, 0
	case tar.TypeSymlink:
		e.Kind, e.Size = Symlink, 0
	case tar.TypeLink:
		if bad := unsafeName(h.Linkname); bad != "" {
			w.unsafe(h.Name, "hard link to a name with "+bad)
		}
		e.Kind, e.Size, e.Link = Hardlink, 0, path.Clean("/"+h.Linkname)
	case tar.TypeChar:
		e.Kind, e.Size, e.Link = CharDevice, 0, fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
	case tar.TypeBlock:
		e.Kind, e.Size, e.Link = BlockDevice, 0, fmt.Sprintf("%d:%d", h.Devmajor, h.Devminor)
	case tar.TypeFifo:
		e.Kind, e.Size = FIFO, 0
	default:
		w.unsafe(h.Name, fmt.Sprintf("tar entry of unknown type %q", h.Typeflag))
		return e, false
	}
	return e, true
}

// whiteout makes a deletion of a .wh. entry (OCI image-spec, layer.md).
func (w *walk) whiteout(dir, deleted string) (Entry, bool) {
	switch {
	case deleted == ".wh..opq":
		return Entry{Path: path.Clean(dir), Kind: Opaque}, true
	case strings.HasPrefix(deleted, ".wh."):
		return Entry{}, false // bookkeeping of AUFS
	case deleted == "", deleted == ".", deleted == "..":
		w.unsafe(dir+".wh."+deleted, "whiteout without a name")
		return Entry{}, false
	}
	return Entry{Path: path.Join(dir, deleted), Kind: Whiteout}, true
}

// suspect looks for entries that mean something else to another extractor.
func (w *walk) suspect(e *Entry, sum uint64) {
	if e.Kind == Whiteout || e.Kind == Opaque {
		return
	}
	if dir := path.Dir(e.Path); dir != w.lastDir {
		if through := w.symlinkAbove(dir); through != "" {
			w.unsafe(e.Path, "written through the symbolic link "+through+" of the same layer")
		} else {
			w.lastDir = dir
		}
	}
	if e.Kind == Symlink {
		w.symlinks[e.Path] = true
		w.lastDir = ""
	}
	if e.Kind == Dir {
		return // directories may be repeated
	}
	is := sum ^ uint64(e.Kind)<<56 ^ uint64(e.Mode)<<32
	if was, ok := w.seen[e.Path]; ok && was != is {
		w.unsafe(e.Path, "more than once in the layer, with different content")
	}
	w.seen[e.Path] = is
}

func (w *walk) symlinkAbove(dir string) string {
	if len(w.symlinks) == 0 {
		return ""
	}
	for ; dir != "/"; dir = path.Dir(dir) {
		if w.symlinks[dir] {
			return dir
		}
	}
	return ""
}

func (w *walk) unsafe(name, reason string) {
	if len(w.facts.Unsafe) < maxUnsafe {
		w.facts.Unsafe = append(w.facts.Unsafe, Unsafe{Path: printable(name), Reason: reason})
	}
}

// unsafeName says what is wrong with a name as written. Leading "./" and "/"
// are common and mean the root.
func unsafeName(name string) string {
	if len(name) > 4096 {
		return "more than 4096 bytes"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "a .. component"
		}
		if len(part) > 255 {
			return "a component of more than 255 bytes"
		}
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "a control character"
	}
	return ""
}

// printable bounds a name for a report and makes control characters visible.
func printable(s string) string {
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, s)
}
