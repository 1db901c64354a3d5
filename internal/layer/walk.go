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

	// What has been counted against the limits. Content is counted apart
	// from the stream, because the holes of a sparse file are not in it.
	content  meter
	dirs     map[string]bool // with an entry, or implied by one below
	implied  int
	names    int64
	captured int64 // bytes kept of files that may be linked to

	// The file that passes.
	hash maphash.Hash
	tee  teeHash
	head headed

	buf       []byte // the beginning of the file that passes
	sink      []byte // takes what nobody reads
	forms     map[Form]FormID
	listed    map[Class]int   // findings kept
	entrances map[string]bool // paths with a finding of class Access
}

func newWalk(f *Facts, l Limits, v Visitor, compressed func() int64) *walk {
	w := &walk{
		facts: f, limits: l, visitor: v, seen: map[string]uint64{}, symlinks: map[string]bool{}, seed: maphash.MakeSeed(),
		content: meter{limits: l, compressed: compressed}, dirs: map[string]bool{},
		buf: make([]byte, headSize), sink: make([]byte, 64<<10), forms: map[Form]FormID{}, listed: map[Class]int{}, entrances: map[string]bool{},
	}
	w.hash.SetSeed(w.seed)
	return w
}

// visitError carries a visitor's error through the walk.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }

// Bounds of what is kept of one layer and one entry.
const (
	maxUnsafe = 1000
	maxCaps   = 64 // bytes; the kernel knows of 24
)

func (w *walk) run(ctx context.Context, r io.Reader) error {
	tr := tar.NewReader(r)
	for n := 0; ; n++ {
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
		if n+w.implied >= w.limits.MaxEntries {
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
	if err := w.account(&e); err != nil {
		return err
	}
	sum := uint64(0)
	w.forget(e.Path)
	if e.Kind == File && e.Size > 0 {
		var err error
		if sum, err = w.file(ctx, &e, content); err != nil {
			return err
		}
	}
	w.suspect(&e, sum)
	w.facts.Entries = append(w.facts.Entries, e)
	return nil
}

// account counts what an entry costs in memory beside itself: names, and the
// directories that only its path speaks of.
func (w *walk) account(e *Entry) error {
	if w.names += int64(len(e.Path) + len(e.Link)); w.names > w.limits.MaxNames {
		return &limitError{gate.ProblemEntries, fmt.Sprintf("the names of the layer's entries have more than %d bytes", w.limits.MaxNames)}
	}
	for dir := parent(e.Path); dir != "" && !w.dirs[dir]; dir = parent(dir) {
		w.dirs[dir] = true
		w.implied++
	}
	if e.Kind == Dir {
		w.dirs[e.Path] = true
	}
	return nil
}

// convert makes an entry of a header; false for what is none.
func (w *walk) convert(h *tar.Header) (Entry, bool) {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return Entry{}, false // a comment, as git archive writes
	}
	if bad := unsafeName(h.Name); bad != "" {
		w.unsafe(h.Name, bad)
	}
	if len(h.Name) > maxName {
		return Entry{}, false // nothing could extract it
	}
	if len(h.Linkname) > maxName {
		w.unsafe(h.Name, fmt.Sprintf("a link target of more than %d bytes", maxName))
		return Entry{}, false
	}
	e := Entry{
		Path: path.Clean("/" + h.Name), Mode: uint32(h.Mode) & 0o7777, UID: uint32(h.Uid), GID: uint32(h.Gid), Size: h.Size, Link: strings.Clone(h.Linkname),
	}
	if c := h.PAXRecords["SCHILY.xattr.security.capability"]; c != "" && len(c) <= maxCaps {
		c = strings.Clone(c) // of the whole header's string
		e.Caps = &c
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
	if dir := parent(e.Path); dir != w.lastDir {
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
	if e.Link != "" {
		is ^= maphash.String(w.seed, e.Link)
	}
	if was, ok := w.seen[e.Path]; ok && was != is {
		w.unsafe(e.Path, "more than once in the layer, with different content")
	}
	w.seen[e.Path] = is
}

func (w *walk) symlinkAbove(dir string) string {
	if len(w.symlinks) == 0 {
		return ""
	}
	for ; dir != ""; dir = parent(dir) {
		if w.symlinks[dir] {
			return dir
		}
	}
	return ""
}

// parent is path.Dir of a cleaned path, "" for the root: it costs nothing, and
// hostile paths are two thousand directories deep.
func parent(p string) string { return p[:strings.LastIndexByte(p, '/')] }

func (w *walk) unsafe(name, reason string) {
	if len(w.facts.Unsafe) < maxUnsafe {
		w.facts.Unsafe = append(w.facts.Unsafe, Unsafe{Path: printable(name), Reason: reason})
	} else {
		w.cut("unsafe")
	}
}

// maxName is Linux's PATH_MAX.
const maxName = 4096

// unsafeName says what is wrong with a name as written. Leading "./" and "/"
// are common and mean the root.
func unsafeName(name string) string {
	if len(name) > maxName {
		return fmt.Sprintf("more than %d bytes", maxName)
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
func printable(s string) string { return bounded(s, 300) }

// bounded is printable with a bound of its own in bytes. A byte that is no text
// becomes three.
func bounded(s string, most int) string {
	cut := len(s) > most
	if cut {
		s = s[:most]
	}
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, s)
	if len(s) > most {
		s, cut = strings.ToValidUTF8(s[:most], ""), true
	}
	if cut {
		s += "…"
	}
	return s
}
