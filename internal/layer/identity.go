package layer

import (
	"bufio"
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/moby/sys/user"

	"github.com/imagegate/imagegate/internal/gate"
)

// file returns the content of the file p leads to in the flattened view; nil
// when there is none. known is false when there is one whose content was not
// captured: it is too large, lies under another name, or is no file.
func (v *View) file(p string) (content []byte, known bool) {
	n, _ := v.Resolve(p)
	if n == nil {
		return nil, true
	}
	if n.Entry == nil || n.Entry.Kind != File {
		return nil, false
	}
	from := n.origin()
	content, kept := v.facts[from.layer].Captured[from.path]
	return content, kept || from.empty
}

// resolveUser resolves a config's USER as runtimes do: moby/sys/user over the image's
// own passwd and group files.
func resolveUser(v *View, configured string) gate.User {
	u := gate.User{Configured: printable(configured)}
	source := "passwd"
	switch name, _, _ := strings.Cut(configured, ":"); {
	case configured == "":
		source = "default"
	case isNumber(name), name == "":
		source = "numeric"
	}
	passwd, passwdKnown := v.file("/etc/passwd")
	group, groupKnown := v.file("/etc/group")
	if !passwdKnown || !groupKnown {
		u.Source, u.Problem = "unresolved", "/etc/passwd or /etc/group is not a small regular file, or a link to one of that name"
		return u
	}
	if tooLong(passwd) || tooLong(group) {
		u.Source, u.Problem = "unresolved", "/etc/passwd or /etc/group has a line longer than any runtime reads"
		return u
	}
	found, err := execUser(configured, passwd, group)
	if err != nil {
		u.Source, u.Problem = "unresolved", err.Error()
		return u
	}
	u.UID, u.GID, u.Source = &found.Uid, &found.Gid, source
	return u
}

func execUser(configured string, passwd, group []byte) (*user.ExecUser, error) {
	name, groupName, _ := strings.Cut(configured, ":")
	found, err := user.GetExecUser(configured, nil, bytes.NewReader(passwd), bytes.NewReader(group))
	if err == nil {
		return found, nil
	}
	// Runtimes start root without a passwd file.
	if name == "root" && len(passwd) == 0 && (groupName == "" || groupName == "root" || groupName == "0") {
		return &user.ExecUser{}, nil
	}
	return nil, err
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// tooLong is true of files with lines bufio.Scanner refuses, so that what
// follows such a line is not silently left out.
func tooLong(b []byte) bool {
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() {
	}
	return errors.Is(s.Err(), bufio.ErrTooLong)
}

// osRelease reads the flattened os-release file (os-release(5)); nil when
// there is none.
func osRelease(v *View) *gate.OSRelease {
	data, _ := v.file("/etc/os-release")
	if data == nil {
		data, _ = v.file("/usr/lib/os-release")
	}
	if data == nil {
		return nil
	}
	return parseOSRelease(data)
}

func parseOSRelease(data []byte) *gate.OSRelease {
	r := &gate.OSRelease{}
	s := bufio.NewScanner(bytes.NewReader(data))
	for s.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(s.Text()), "=")
		if !ok {
			continue
		}
		value = printable(unquote(value))
		switch key {
		case "ID":
			r.ID = value
		case "VERSION_ID":
			r.VersionID = value
		case "PRETTY_NAME":
			r.PrettyName = value
		}
	}
	return r
}

// unquote undoes shell quoting as far as os-release(5) allows it.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(s[1 : len(s)-1])
	}
	return s
}
