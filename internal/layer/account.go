package layer

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Bounds of the accounts of an image.
const (
	maxAccounts    = 2000
	maxMemberships = 5000 // of all groups together
	maxAccountName = 100
)

// accounts reads the flattened passwd, group and shadow files; nil when there
// is none of them.
func (g *gatherer) accounts() *gate.Accounts {
	r := &accountReader{view: g.view}
	passwd, group, shadow := r.file("/etc/passwd"), r.file("/etc/group"), r.file("/etc/shadow")
	if passwd == nil && group == nil && shadow == nil {
		return nil
	}
	a := &gate.Accounts{}
	kinds := shadowKinds(r.lines(shadow))
	for fields := range r.lines(passwd) {
		if len(fields) < 4 {
			r.problem("/etc/passwd has a line that is no account")
			continue
		}
		uid, ok1 := id(fields[2])
		gid, ok2 := id(fields[3])
		if !ok1 || !ok2 || len(fields) > 7 {
			r.problem("/etc/passwd has a line that is no account")
			if !ok1 || !ok2 {
				continue
			}
		}
		if len(a.Users) >= maxAccounts {
			r.problem(fmt.Sprintf("/etc/passwd has more than %d accounts", maxAccounts))
			g.truncated("accounts")
			break
		}
		u := gate.Account{Name: bounded(fields[0], maxAccountName), UID: uid, GID: gid, Layer: passwd.layer}
		if len(fields) > 6 {
			u.Shell = printable(fields[6])
		}
		switch kind := fields[1]; {
		case kind != "x":
			u.Password = passwordOf(kind)
		default:
			field, ok := kinds[fields[0]]
			if u.Password = gate.PasswordAbsent; ok {
				u.Password, u.Layer = passwordOf(field), shadow.layer
			}
		}
		a.Users = append(a.Users, u)
	}
	a.Groups = r.groups(group, g)
	a.Problem = r.first
	return a
}

// passwordOf tells the kind that withoutPasswords left of a field.
func passwordOf(field string) gate.PasswordKind {
	switch field {
	case "":
		return gate.PasswordNone
	case hashMark:
		return gate.PasswordHash
	}
	return gate.PasswordLocked
}

// accountFile is the content of one of the files, without passwords.
type accountFile struct {
	path    string
	content []byte
	layer   int
}

type accountReader struct {
	view  *View
	first string // the first problem met
}

func (r *accountReader) problem(s string) {
	if r.first == "" {
		r.first = s
	}
}

// file is nil when there is no such file, and when it cannot be read, which is
// a problem.
func (r *accountReader) file(p string) *accountFile {
	content, known := r.view.file(p)
	if !known {
		r.problem(p + " is not a small regular file, or a link to one of that name")
		return &accountFile{path: p}
	}
	n, _ := r.view.Resolve(p)
	if n == nil {
		return nil
	}
	return &accountFile{path: p, content: content, layer: n.Layer}
}

// lines yields the fields of each line that may be an account or a group.
// Comments, and what asks for NIS, are none.
func (r *accountReader) lines(f *accountFile) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		if f == nil {
			return
		}
		for line := range bytes.SplitSeq(f.content, []byte("\n")) {
			line = bytes.TrimSpace(line)
			switch {
			case len(line) == 0, line[0] == '+', line[0] == '-':
				continue
			case len(line) >= bufio.MaxScanTokenSize:
				r.problem(f.path + " has a line longer than any runtime reads")
				continue
			case line[0] == '#':
				continue
			case bytes.IndexByte(line, 0) >= 0:
				r.problem(f.path + " has a line with a NUL byte")
				continue
			}
			if !yield(strings.Split(string(line), ":")) {
				return
			}
		}
	}
}

// shadowKinds are the password fields by name; the first line of a name counts.
func shadowKinds(lines func(func([]string) bool)) map[string]string {
	kinds := map[string]string{}
	for fields := range lines {
		if _, again := kinds[fields[0]]; !again && len(fields) > 1 {
			kinds[fields[0]] = fields[1]
		}
	}
	return kinds
}

func (r *accountReader) groups(f *accountFile, g *gatherer) []gate.Group {
	var groups []gate.Group
	left := maxMemberships
	for fields := range r.lines(f) {
		if len(fields) < 3 {
			r.problem("/etc/group has a line that is no group")
			continue
		}
		gid, ok := id(fields[2])
		if !ok {
			r.problem("/etc/group has a line that is no group")
			continue
		}
		if len(groups) >= maxAccounts {
			r.problem(fmt.Sprintf("/etc/group has more than %d groups", maxAccounts))
			g.truncated("accounts")
			break
		}
		group := gate.Group{Name: bounded(fields[0], maxAccountName), GID: gid}
		if len(fields) > 3 && fields[3] != "" {
			for name := range strings.SplitSeq(fields[3], ",") {
				if left--; left < 0 {
					r.problem(fmt.Sprintf("/etc/group has more than %d memberships", maxMemberships))
					g.truncated("accounts")
					break
				}
				group.Members = append(group.Members, bounded(name, maxAccountName))
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// id is a user's or group's number as the kernel has them.
func id(field string) (int, bool) {
	n, err := strconv.ParseUint(field, 10, 32)
	return int(n), err == nil
}
