package gate

// Contents are the facts of an image's layers: from one pass over each layer's
// decompressed stream, flattened as a runtime would mount them.
type Contents struct {
	Layers []LayerEvidence `json:"layers"`
	// Complete is false when a layer could not be read to its end; the facts
	// below then cover only what was read, and META-07 or META-09 says why.
	Complete bool `json:"complete"`
	// Files and Bytes count regular files of the flattened view.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// User is what the runtime would run as.
	User User `json:"user"`
	// OSRelease holds ID, VERSION_ID and PRETTY_NAME of the flattened
	// os-release file; nil when there is none.
	OSRelease *OSRelease `json:"osRelease,omitempty"`
	// Class is the minimality class, with the reasons for it.
	Class        Class    `json:"class"`
	ClassReasons []string `json:"classReasons,omitempty"`

	Setuid          []File `json:"setuid,omitempty"`          // regular files with setuid or setgid
	Capabilities    []File `json:"capabilities,omitempty"`    // files with security.capability
	WorldWritable   []File `json:"worldWritable,omitempty"`   // other-writable without sticky bit
	Special         []File `json:"special,omitempty"`         // devices, FIFOs; in any layer
	Shells          []File `json:"shells,omitempty"`          // reachable and executable
	PackageManagers []File `json:"packageManagers,omitempty"` // reachable and executable
	Executables     int    `json:"executables"`               // ELF or script files with an execute bit

	// Unsafe are entries of any layer that a careless extractor would act
	// on outside the root, or that hide content.
	Unsafe []ArchiveProblem `json:"unsafe,omitempty"`
	// Removed are package databases and os-release files of lower layers
	// that an upper layer deleted, emptied or replaced.
	Removed []RemovedMetadata `json:"removed,omitempty"`
	// PackageDatabases are the package database paths of the flattened view.
	PackageDatabases []string `json:"packageDatabases,omitempty"`
	// Accounts are the users and groups of the flattened view.
	Accounts *Accounts `json:"accounts,omitempty"`
	// Programs are reachable executables of kinds that checks ask about,
	// beside Shells and PackageManagers.
	Programs []Program `json:"programs,omitempty"`
	// Command is what the image starts; nil when it starts nothing.
	Command *Command `json:"command,omitempty"`
	// Hooks are files that run something by themselves: ld.so.preload, cron
	// tables, service units. Detail is the kind.
	Hooks []File `json:"hooks,omitempty"`
	// Remote are files that let somebody in: SSH host keys, authorized_keys,
	// a Docker socket, kubelet credentials, NOPASSWD in sudoers. Detail is
	// the kind: one of the Remote constants.
	Remote []File `json:"remote,omitempty"`
	// Trust is the image's store of certificate authorities.
	Trust *Trust `json:"trust,omitempty"`
	// Headers counts kernel and C header files of the flattened view.
	Headers int `json:"headers,omitempty"`
	// Caches are what package managers leave behind, in any layer.
	Caches []Cache `json:"caches,omitempty"`
	// Stray are files of development that a running image does not need.
	// Detail is the kind.
	Stray []File `json:"stray,omitempty"`
	// Keys are private keys in any layer.
	Keys []SecretFile `json:"keys,omitempty"`
	// Credentials are files of any layer whose content holds credentials.
	Credentials []SecretFile `json:"credentials,omitempty"`
	// Dumps are shell histories, core files, heap and database dumps, and
	// packet captures of any layer.
	Dumps []SecretFile `json:"dumps,omitempty"`
	// Unowned are ELF programs and libraries of the flattened view that no
	// package owns and that carry no build information.
	Unowned *Unowned `json:"unowned,omitempty"`
	// Secrets are findings in any layer, deleted files included.
	Secrets []Secret `json:"secrets,omitempty"`
	Wasted  Wasted   `json:"wasted"`
	// Truncated names the lists above that were cut at their limit.
	Truncated []string `json:"truncated,omitempty"`
}

// LayerEvidence is what was observed of one layer, base first.
type LayerEvidence struct {
	Index             int    `json:"index"`
	Digest            string `json:"digest"`
	DiffID            string `json:"diffID"`
	CreatedBy         string `json:"createdBy,omitempty"`
	CompressedBytes   int64  `json:"compressedBytes"`
	UncompressedBytes int64  `json:"uncompressedBytes"`
	Entries           int    `json:"entries"`
	// Files and Bytes count the layer's regular files; Deletes the paths of
	// lower layers that it removes.
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	Deletes int   `json:"deletes,omitempty"`
	// Wasted are the bytes of the layer that a later one hides.
	Wasted int64 `json:"wasted,omitempty"`
	// Adds are the directories the layer writes most bytes to, largest
	// first, at most eight; together with the rest they are Bytes.
	Adds []Addition `json:"adds,omitempty"`
	// Cached is true when the facts were known and no byte was pulled.
	Cached bool `json:"cached,omitempty"`
	// Problem is set when the layer's bytes are at fault.
	Problem *LayerProblem `json:"problem,omitempty"`
}

// Addition is what a layer writes below one directory.
type Addition struct {
	Path  string `json:"path"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// LayerProblem is a defect in a layer's own bytes, as opposed to a failure to
// fetch them.
type LayerProblem struct {
	Kind    ProblemKind `json:"kind"`
	Message string      `json:"message"`
}

// ProblemKind names a way in which a layer's bytes are at fault.
type ProblemKind string

// The kinds. Every one of them leaves the layer unread from there on.
const (
	ProblemDigest    ProblemKind = "digest-mismatch"  // compressed bytes are not the manifest's
	ProblemDiffID    ProblemKind = "diffid-mismatch"  // uncompressed bytes are not the config's
	ProblemSize      ProblemKind = "size-mismatch"    // more or fewer bytes than the descriptor says
	ProblemTruncated ProblemKind = "truncated"        // the stream ends early
	ProblemFormat    ProblemKind = "format"           // not gzip, zstd or tar
	ProblemBytes     ProblemKind = "too-many-bytes"   // uncompressed size limit
	ProblemRatio     ProblemKind = "compression-bomb" // ratio limit
	ProblemEntries   ProblemKind = "too-many-entries" // tar entries limit
	ProblemEncrypted ProblemKind = "encrypted"        // encrypted or unknown media type
)

// File is one path of the image with what a check needs to explain it.
type File struct {
	Path  string `json:"path"` // absolute, cleaned
	Layer int    `json:"layer"`
	Mode  uint32 `json:"mode"` // permission, setuid, setgid and sticky bits, as in tar
	UID   int    `json:"uid"`
	GID   int    `json:"gid"`
	Size  int64  `json:"size,omitempty"`
	// Target is the link target for links, and where a shell reached by a
	// link really lies.
	Target string `json:"target,omitempty"`
	// Detail is kind-specific: capability names, the device kind.
	Detail string `json:"detail,omitempty"`
}

// ArchiveProblem is an unsafe tar entry.
type ArchiveProblem struct {
	Layer  int    `json:"layer"`
	Path   string `json:"path"` // as written in the archive, bounded and printable
	Reason string `json:"reason"`
}

// RemovedMetadata is a scanner-relevant file that a later layer took away.
type RemovedMetadata struct {
	Path      string `json:"path"`
	Layer     int    `json:"layer"`     // where it was
	RemovedBy int    `json:"removedBy"` // the layer that removed or changed it
	Change    string `json:"change"`    // "deleted", "emptied" or "replaced"
}

// Secret is a credential found in a layer. Match is masked: the value itself
// is never kept.
type Secret struct {
	RuleID   string   `json:"ruleID"`
	Category string   `json:"category,omitempty"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Layer    int      `json:"layer"`
	Path     string   `json:"path"`
	Line     int      `json:"line,omitempty"`
	Match    string   `json:"match,omitempty"`
	// Package is the OS package whose file list of the same layer names the
	// path: keys that a distribution ships, not the user's.
	Package string `json:"package,omitempty"`
	// Deleted is true when a later layer hides the file; RemovedBy is that
	// layer. The bytes can still be pulled.
	Deleted   bool `json:"deleted,omitempty"`
	RemovedBy int  `json:"removedBy,omitempty"`
}

// User is the identity the image's process will have, as runtimes resolve it
// (moby/sys/user.GetExecUser over the flattened passwd and group files).
type User struct {
	Configured string `json:"configured"`
	// UID and GID are nil when they cannot be known: the name is absent, or
	// no layer was read and the config names a user.
	UID *int `json:"uid,omitempty"`
	GID *int `json:"gid,omitempty"`
	// Source is "default" (empty USER), "numeric", "passwd" or "unresolved".
	Source string `json:"source"`
	// Problem is why it could not be resolved.
	Problem string `json:"problem,omitempty"`
}

// OSRelease is the part of os-release(5) that checks read.
type OSRelease struct {
	ID         string `json:"id,omitempty"`
	VersionID  string `json:"versionID,omitempty"`
	PrettyName string `json:"prettyName,omitempty"`
}

// Class is how minimal an image is.
type Class string

// The classes, most minimal first.
const (
	ClassScratch    Class = "scratch"
	ClassStatic     Class = "static"
	ClassDistroless Class = "distroless"
	ClassSlim       Class = "slim"
	ClassFull       Class = "full"
)

var classRanks = map[Class]int{ClassScratch: 0, ClassStatic: 1, ClassDistroless: 2, ClassSlim: 3, ClassFull: 4}

// Rank orders classes from scratch 0 to full 4; anything else is 5.
func (c Class) Rank() int {
	if r, ok := classRanks[c]; ok {
		return r
	}
	return len(classRanks)
}

// Wasted counts bytes that are pulled and never seen: overwritten or deleted.
type Wasted struct {
	Bytes int64       `json:"bytes"`
	Paths []WastePath `json:"paths,omitempty"` // largest first, bounded
	// ByLayer is the bytes of each layer that a later layer hides.
	ByLayer []int64 `json:"byLayer,omitempty"`
}

// WastePath is one path that wastes bytes.
type WastePath struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	Copies int    `json:"copies"`
	Layer  int    `json:"layer"` // of the largest hidden copy
}
