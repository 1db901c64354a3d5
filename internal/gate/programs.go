package gate

// Accounts are the image's users and groups, as its flattened passwd, group and
// shadow files have them. Passwords are told by kind only.
type Accounts struct {
	Users  []Account `json:"users,omitempty"`  // in the order of the file, bounded
	Groups []Group   `json:"groups,omitempty"` // in the order of the file, bounded
	// Problem says why a file could not be read in full.
	Problem string `json:"problem,omitempty"`
}

// Account is one line of passwd(5).
type Account struct {
	Name  string `json:"name"`
	UID   int    `json:"uid"`
	GID   int    `json:"gid"`
	Shell string `json:"shell,omitempty"`
	// Password is the kind of the password field that counts: that of
	// shadow(5) where passwd says "x", passwd's own otherwise.
	Password PasswordKind `json:"password,omitempty"`
	// Layer is where the file lies that says so.
	Layer int `json:"layer"`
}

// PasswordKind is what a password field is; the field itself is never kept.
type PasswordKind string

// The kinds. PasswordNone is a field that lets anyone in, PasswordLocked one
// that lets nobody in, PasswordHash one that a guess can match. PasswordAbsent
// is an account whose shadow line is not there: nobody gets in.
const (
	PasswordNone   PasswordKind = "none"
	PasswordLocked PasswordKind = "locked"
	PasswordHash   PasswordKind = "hash"
	PasswordAbsent PasswordKind = "absent"
)

// Group is one line of group(5).
type Group struct {
	Name    string   `json:"name"`
	GID     int      `json:"gid"`
	Members []string `json:"members,omitempty"` // bounded
}

// ProgramKind is what a program is for.
type ProgramKind string

// The kinds of programs that checks ask about.
const (
	ProgramNetwork   ProgramKind = "network"   // curl, nc, ssh, dig …
	ProgramDebug     ProgramKind = "debug"     // gdb, strace, tcpdump …
	ProgramToolchain ProgramKind = "toolchain" // compilers, linkers, make
	ProgramInstaller ProgramKind = "installer" // pip, npm, gem, composer, mvn
	ProgramDaemon    ProgramKind = "daemon"    // init, cron, syslog, mail
	ProgramControl   ProgramKind = "control"   // docker, kubectl, helm, nsenter …
	ProgramPrivilege ProgramKind = "privilege" // sudo, su, doas, pkexec, newuidmap
	ProgramSSHServer ProgramKind = "ssh-server"
)

// Program is a reachable executable of a known kind.
type Program struct {
	Kind ProgramKind `json:"kind"`
	File
}

// The kinds of Contents.Remote.
const (
	RemoteHostKey        = "ssh host key"
	RemoteAuthorizedKeys = "authorized keys"
	RemoteDockerSocket   = "container runtime socket"
	RemoteKubelet        = "kubelet credentials"
	RemoteSudoNoPassword = "sudo without a password"
)

// Command is the program an image starts: argv[0] of ENTRYPOINT and CMD, found
// as the runtime finds it (PATH, WORKDIR, links).
type Command struct {
	Argument string `json:"argument"`       // argv[0] as configured, bounded
	Path     string `json:"path,omitempty"` // the file it leads to; empty: none
	Layer    int    `json:"layer"`
	Mode     uint32 `json:"mode,omitempty"`
	UID      int    `json:"uid"`
	GID      int    `json:"gid"`
	// Runnable is false when the runtime user may not execute it; nil when
	// that cannot be told.
	Runnable *bool `json:"runnable,omitempty"`
	// Format is "elf", "script" or "other".
	Format string `json:"format,omitempty"`
	// Machine is the ELF machine as GOARCH names it ("amd64", "arm64" …), or
	// "EM_n" for others; empty for scripts.
	Machine string `json:"machine,omitempty"`
	// Interpreter is the ELF loader or the script's interpreter, and
	// InterpreterMissing is true when it leads to no executable file.
	Interpreter        string `json:"interpreter,omitempty"`
	InterpreterMissing bool   `json:"interpreterMissing,omitempty"`
	// Shell is true when argv[0] is a shell.
	Shell bool `json:"shell,omitempty"`
	// Writable are the program, its directory and the directories of PATH
	// as far as the runtime user may change them.
	Writable []File `json:"writable,omitempty"`
}

// Trust is what the image trusts for TLS.
type Trust struct {
	Bundle string `json:"bundle,omitempty"` // path of the certificate bundle
	Count  int    `json:"count"`            // certificates in it
	// Added are certificates that a later layer added to those of the first
	// layer with a bundle.
	Added []Certificate `json:"added,omitempty"`
}

// Certificate is an authority's certificate.
type Certificate struct {
	Fingerprint string `json:"fingerprint"` // sha256 of its DER form, in hex
	Subject     string `json:"subject"`     // printable, bounded
	Layer       int    `json:"layer"`
}

// Cache is what a package manager left in one layer.
type Cache struct {
	Kind  string `json:"kind"` // "apt", "apk", "pip", "npm" …
	Path  string `json:"path"`
	Layer int    `json:"layer"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// SecretFile is a file of some layer that holds what should be secret. Nothing
// of its content is kept.
type SecretFile struct {
	Kind  string `json:"kind"` // "docker config", "PEM private key", "core file" …
	Path  string `json:"path"`
	Layer int    `json:"layer"`
	Size  int64  `json:"size,omitempty"`
	// Encrypted is true of a key that a passphrase protects.
	Encrypted bool `json:"encrypted,omitempty"`
	// Detail says what was seen, without the secret: a host, a user, a field.
	Detail string `json:"detail,omitempty"`
	// Package is the OS package of the same layer that owns the file.
	Package string `json:"package,omitempty"`
	// Deleted and RemovedBy are as a Secret's.
	Deleted   bool `json:"deleted,omitempty"`
	RemovedBy int  `json:"removedBy,omitempty"`
}

// Unowned counts native programs that nobody can look up in a database.
type Unowned struct {
	Count int    `json:"count"`
	Files []File `json:"files,omitempty"` // largest first, bounded
	// Packed are those compressed by an executable packer (UPX).
	Packed []File `json:"packed,omitempty"`
	// Unlisted is true when the image has OS packages of which none lists its
	// files: whose a program is cannot be told, and only Packed is filled.
	Unlisted bool `json:"unlisted,omitempty"`
}
