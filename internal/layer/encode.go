package layer

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// encoding is the version of the binary form.
const encoding = 2

// MarshalBinary writes facts compactly: varints, and paths as what differs
// from the path before. Facts with a Problem are not meant to be kept.
func (f *Facts) MarshalBinary() ([]byte, error) {
	if f.Problem != nil {
		return nil, errors.New("facts of a defective layer are not kept")
	}
	w := writer{b: make([]byte, 0, 64+len(f.Entries)*24)}
	w.uint(encoding)
	w.string(f.Digest)
	w.string(f.DiffID)
	w.uint(uint64(f.Compressed))
	w.uint(uint64(f.Uncompressed))
	w.uint(uint64(len(f.Captured)))
	for _, k := range slices.Sorted(maps.Keys(f.Captured)) {
		w.string(k)
		w.string(string(f.Captured[k]))
	}
	w.evidence(f)
	w.uint(uint64(len(f.Unsafe)))
	for _, u := range f.Unsafe {
		w.string(u.Path)
		w.string(u.Reason)
	}
	w.uint(uint64(len(f.Entries)))
	last := ""
	for i := range f.Entries {
		w.entry(&f.Entries[i], last)
		last = f.Entries[i].Path
	}
	return w.b, nil
}

type writer struct{ b []byte }

func (w *writer) uint(v uint64)   { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) string(s string) { w.uint(uint64(len(s))); w.b = append(w.b, s...) }

// The flags of an entry.
const (
	flagExec = 1 << iota
	flagLink
	flagCaps
	flagForm

	flagBits = 4
)

func (w *writer) entry(e *Entry, last string) {
	shared := 0
	for shared < len(last) && shared < len(e.Path) && last[shared] == e.Path[shared] {
		shared++
	}
	flags := uint64(0)
	if e.Exec {
		flags |= flagExec
	}
	if e.Link != "" {
		flags |= flagLink
	}
	if e.Caps != nil {
		flags |= flagCaps
	}
	if e.Form != 0 {
		flags |= flagForm
	}
	w.uint(uint64(e.Kind)<<flagBits | flags)
	w.uint(uint64(shared))
	w.string(e.Path[shared:])
	w.uint(uint64(e.Mode))
	w.uint(uint64(e.UID))
	w.uint(uint64(e.GID))
	w.uint(uint64(e.Size))
	if e.Link != "" {
		w.string(e.Link)
	}
	if e.Caps != nil {
		w.string(*e.Caps)
	}
	if e.Form != 0 {
		w.uint(uint64(e.Form))
	}
}

var errCutShort = errors.New("layer facts are cut short or damaged")

// UnmarshalBinary reads what MarshalBinary wrote. Damaged input is an error
// and takes no more memory than a small multiple of its length, and of names
// no more than a layer may have.
func (f *Facts) UnmarshalBinary(data []byte) error {
	*f = Facts{}
	r := reader{b: data}
	if v := r.uint(); v != encoding {
		return errors.New("layer facts are of another version")
	}
	f.Digest, f.DiffID = r.string(), r.string()
	f.Compressed, f.Uncompressed = int64(r.uint()), int64(r.uint())
	f.Captured = map[string][]byte{}
	for n := r.count(2); n > 0; n-- {
		k := r.string()
		f.Captured[k] = []byte(r.string())
	}
	r.evidence(f)
	for n := r.count(2); n > 0; n-- {
		f.Unsafe = append(f.Unsafe, Unsafe{Path: r.string(), Reason: r.string()})
	}
	n := r.count(7)
	f.Entries = make([]Entry, n)
	last := ""
	for i := range f.Entries {
		r.entry(&f.Entries[i], last)
		last = f.Entries[i].Path
	}
	if r.bad || len(r.b) != 0 {
		return errCutShort
	}
	return nil
}

type reader struct {
	b     []byte
	bad   bool
	names uint64 // bytes of paths that were shared with the one before
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a number of items that take at least size bytes each.
func (r *reader) count(size int) int {
	v := r.uint()
	if v > uint64(len(r.b)/size) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(v)
}

func (r *reader) string() string { return string(r.bytes()) }

// bytes are those of a string, where they lie.
func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) entry(e *Entry, last string) {
	head := r.uint()
	shared := r.uint()
	if shared > uint64(len(last)) || head>>flagBits > uint64(Opaque) {
		r.bad, r.b = true, nil
		return
	}
	if r.names += shared; r.names > maxNames {
		r.bad, r.b = true, nil
		return
	}
	e.Kind, e.Exec = Kind(head>>flagBits), head&flagExec != 0
	e.Path = last[:shared] + string(r.bytes())
	e.Mode, e.UID, e.GID, e.Size = uint32(r.uint()), uint32(r.uint()), uint32(r.uint()), int64(r.uint())
	if head&flagLink != 0 {
		e.Link = r.string()
	}
	if head&flagCaps != 0 {
		caps := r.string()
		e.Caps = &caps
	}
	if head&flagForm != 0 {
		e.Form = FormID(r.uint())
	}
}
