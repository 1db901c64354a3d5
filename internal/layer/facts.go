package layer

import (
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// FactsVersion names what Facts hold and how they are gathered; it is part of
// the layer cache's key.
const FactsVersion = 3

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

// Entry is one tar entry. There may be a million of them in memory, so its
// fields have an order that leaves no gap.
type Entry struct {
	Path string // absolute and cleaned
	Link string // target of a link: as written for symbolic, absolute for hard ones
	Size int64
	Caps *string // the security.capability attribute; nil, as almost always, when there is none
	Mode uint32  // permissions and the Mode bits above
	UID  uint32  // as the kernel takes it: -1 of an archive is 4294967295
	GID  uint32
	Form FormID // what it is to execve(2)
	Kind Kind
	Exec bool // an ELF file or a script, with an execute bit
}

// Facts are everything known of one layer.
type Facts struct {
	Digest       string
	DiffID       string
	Compressed   int64
	Uncompressed int64
	Entries      []Entry
	// Captured holds the content of the few small files that say who a user
	// is and what the distribution is, by path. Passwords in them are
	// replaced by their kind before they are kept.
	Captured map[string][]byte
	// Bundles are the certificates of the layer's bundles, by path.
	Bundles map[string][]BundleCertificate
	// Findings are files whose content holds what should be secret, or lets
	// somebody in.
	Findings []Finding
	// Forms are the forms of the layer's programs; Form finds an entry's.
	Forms []Form
	// Cut names the lists of a gate.Contents of which the layer has more
	// than is kept.
	Cut     []string
	Unsafe  []Unsafe
	Problem *gate.LayerProblem
}

// Unsafe is an entry that a careless extractor would act on outside the root,
// or that hides content.
type Unsafe struct{ Path, Reason string }

// captured are the paths whose content is kept, by base name. A file that ends
// in one of them may be what it links to, as in images of Nix and OSTree:
// those keep the names.
var captured = map[string][]string{
	"passwd": {"/etc/passwd"}, "group": {"/etc/group"}, "shadow": {"/etc/shadow"},
	"os-release": {"/etc/os-release", "/usr/lib/os-release"},
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
