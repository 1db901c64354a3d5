package layer

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

// hashMark stands in kept files for the hash of a password.
const hashMark = "$"

// withoutPasswords is the content of a captured file as it may be kept: each
// password field holds its kind (passwordKind) and nothing else. Of shadow only
// names and kinds are left. Lines too long for any reader stay too long, so
// that they are still known for it.
func withoutPasswords(base string, b []byte) []byte {
	if base == "os-release" {
		return bytes.Clone(b)
	}
	out := make([]byte, 0, len(b))
	for line := range bytes.Lines(b) {
		text, end := line, []byte(nil)
		if text[len(text)-1] == '\n' {
			text, end = line[:len(line)-1], line[len(line)-1:]
		}
		if len(text) >= bufio.MaxScanTokenSize {
			out = append(out, bytes.Repeat([]byte{'#'}, len(text))...)
		} else {
			out = append(out, withoutHash(base, text)...)
		}
		out = append(out, end...)
	}
	return out
}

// looksHashed matches what crypt(3) makes, in a field where none belongs.
var looksHashed = regexp.MustCompile(`\$[0-9A-Za-z_-]{1,16}\$[^:]{6,}`)

func withoutHash(base string, line []byte) []byte {
	fields := strings.Split(string(line), ":")
	if base == "shadow" {
		if len(fields) < 2 || strings.Contains(strings.TrimSuffix(fields[0], "$"), "$") {
			return nil
		}
		return []byte(fields[0] + ":" + passwordKind(fields[1]))
	}
	for i := range fields {
		if i == 1 {
			fields[i] = passwordKind(fields[i])
		} else {
			fields[i] = looksHashed.ReplaceAllString(fields[i], hashMark+hashMark)
		}
	}
	return []byte(strings.Join(fields, ":"))
}

// passwordKind is what is kept of a password field: "" and "x" as they are,
// hashMark for what a password can match, and "!" for all that none can.
func passwordKind(field string) string {
	if field == "" || field == "x" {
		return field
	}
	if isCrypt(field) {
		return hashMark
	}
	return "!"
}

// isCrypt reports whether crypt(3) could have made field (crypt(5)): a method's
// prefix, or one of the forms of DES.
func isCrypt(field string) bool {
	switch {
	case len(field) > 3 && field[0] == '$' && strings.IndexByte(field[1:], '$') > 0:
		return true
	case field[0] == '_' && len(field) == 20, len(field) == 13:
		return strings.Trim(field, "_./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
	}
	return false
}
