package layer

import (
	"bytes"

	"github.com/imagegate/imagegate/internal/gate"
)

const (
	sudo       = gate.RemoteSudoNoPassword
	authorized = gate.RemoteAuthorizedKeys
)

// passwordless reports whether a sudoers file lets somebody become another
// user without a password: by the tag NOPASSWD, or by switching authentication
// off (sudoers(5)).
func passwordless(b []byte) (string, bool) {
	b = bytes.ReplaceAll(b, []byte("\\\n"), []byte(" "))
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		line = uncommented(line)
		switch {
		case bytes.Contains(line, []byte("NOPASSWD")):
			return "NOPASSWD", true
		case bytes.HasPrefix(line, []byte("Defaults")) && bytes.Contains(line, []byte("!authenticate")):
			return "!authenticate", true
		}
	}
	return "", false
}

// uncommented is a line up to its comment; before a digit, "#" begins a uid.
func uncommented(line []byte) []byte {
	for i, c := range line {
		if c == '#' && (i+1 == len(line) || line[i+1] < '0' || line[i+1] > '9') {
			return bytes.TrimSpace(line[:i])
		}
	}
	return bytes.TrimSpace(line)
}

// anyKey reports whether an authorized_keys file has a line that is no comment.
func anyKey(b []byte) (string, bool) {
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return "", true
		}
	}
	return "", len(b) >= headSize // nothing but comments in a file this long hides the rest
}
