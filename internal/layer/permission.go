package layer

import (
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// identity is who the image's process is to the file system.
type identity struct {
	uid    uint32
	groups []uint32 // its own first
}

// identityOf is the runtime user's; nil when it is not known.
func identityOf(v *View, u gate.User) *identity {
	if u.UID == nil || u.GID == nil {
		return nil
	}
	id := &identity{uid: uint32(*u.UID), groups: []uint32{uint32(*u.GID)}}
	passwd, _ := v.file("/etc/passwd")
	group, _ := v.file("/etc/group")
	if found, err := execUser(u.Configured, passwd, group); err == nil {
		for _, g := range found.Sgids {
			id.groups = append(id.groups, uint32(g))
		}
	}
	return id
}

// may reports whether the mode bits of an entry grant what the lowest three
// bits of want ask: 4 to read, 2 to write, 1 to execute. Root may read and
// write everything, and execute what anybody may.
func (id *identity) may(e *Entry, want uint32) bool {
	switch {
	case id.uid == 0:
		return want&1 == 0 || e.Kind == Dir || e.Mode&0o111 != 0
	case e.UID == id.uid:
		return e.Mode>>6&want == want
	case slices.Contains(id.groups, e.GID):
		return e.Mode>>3&want == want
	}
	return e.Mode&want == want
}

// mayChange is true when it may write the entry, or give itself the right to:
// it is the owner's to change the mode.
func (id *identity) mayChange(e *Entry) bool { return e.UID == id.uid || id.may(e, 2) }

// mayReach reports whether it may pass every directory above p, a path without
// links. Directories without an entry are made by the runtime for everybody.
func (v *View) mayReach(id *identity, p string) bool {
	for dir := parent(p); ; dir = parent(dir) {
		n := v.root
		if dir != "" {
			n = v.Lookup(dir)
		}
		if n != nil && n.Entry != nil && !id.may(n.Entry, 1) {
			return false
		}
		if dir == "" {
			return true
		}
	}
}
