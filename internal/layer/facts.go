package layer

import (
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// FactsVersion names what Facts hold and how they are gathered; it is part of
// the layer cache's key.
const FactsVersion = 2

// Kind is what a tar entry is.
type Kind uint8

// The kinds. Whiteout and Opaque are the deletions of the OCI image-spec
// (layer.md, "Whiteouts").
const (
	File Kind = iota
	Dir
	Symlink
	Hardlink
	CharDevice
	BlockDevice
	FIFO
	Whiteout // Path is what is deleted
	Opaque   // Path is the directory whose lower content is hidden
)

// Mode bits beyond permissions, as tar and chmod(2) have them.
const (
	ModeSetuid = 0o4000
	ModeSetgid = 0o2000
	ModeSticky = 0o1000
)

// Entry is one tar entry.
type Entry struct {
	Path string // absolute and cleaned
	Kind Kind
	Exec bool   // an ELF file or a script, with an execute bit
	Mode uint32 // permissions and the Mode bits above
	UID  int
	GID  int
	Size int64
	Link string // target of a link: as written for symbolic, absolute for hard ones
	Caps []byte // the security.capability attribute
}

// Facts are everything known of one layer.
type Facts struct {
	Digest       string
	DiffID       string
	Compressed   int64
	Uncompressed int64
	Entries      []Entry
	// Captured holds the content of the few small files that say who a user
	// is and what the distribution is, by path.
	Captured map[string][]byte
	Unsafe   []Unsafe
	Problem  *gate.LayerProblem
}

// Unsafe is an entry that a careless extractor would act on outside the root,
// or that hides content.
type Unsafe struct{ Path, Reason string }

// captured are the paths whose content is kept.
var captured = []string{"/etc/passwd", "/etc/group", "/etc/os-release", "/usr/lib/os-release"}

// maybeCaptured reports whether p may be what a captured path links to, as in
// images of Nix and OSTree: those keep the names.
func maybeCaptured(p string) bool {
	return slices.ContainsFunc(captured, func(c string) bool { return strings.HasSuffix(p, c) })
}

// Whiteouts lists opaque directories (with a trailing slash) and deleted paths
// in the relative form Trivy's applier takes.
func (f *Facts) Whiteouts() (opaque, deleted []string) {
	for i := range f.Entries {
		e := &f.Entries[i]
		switch e.Kind {
		case Opaque:
			dir := strings.TrimPrefix(e.Path, "/")
			if dir != "" {
				dir += "/"
			}
			opaque = append(opaque, dir)
		case Whiteout:
			deleted = append(deleted, strings.TrimPrefix(e.Path, "/"))
		}
	}
	return opaque, deleted
}
