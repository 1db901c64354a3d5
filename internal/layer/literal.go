package layer

import (
	"bytes"
	"strconv"
	"strings"
)

// literal reports whether a value stands for itself: not for a variable, a
// template's gap or a word that asks to be replaced.
func literal(value string) bool {
	value = unquoted(value)
	lower := strings.ToLower(value)
	switch lower {
	case "", "null", "none", "nil", "true", "false", "todo", "tbd", "secret", "password", "passwd", "pass", "token", "redacted", "changeit":
		return false
	}
	for _, begins := range []string{"$", "<", "{{", "%(", "your", "my-", "enter", "replace", "insert"} {
		if strings.HasPrefix(lower, begins) {
			return false
		}
	}
	for _, has := range []string{"${", "$(", "{{", "example", "changeme", "change_me", "change-me", "placeholder"} {
		if strings.Contains(lower, has) {
			return false
		}
	}
	return strings.Trim(lower, "x*.-_#?") != ""
}

func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// secretWords end the names of settings that hold a secret, and some begin
// them; secretPairs are two words that do together.
var (
	secretWords = map[string]bool{
		"PASSWORD": true, "PASSWD": true, "PWD": true, "PASS": true, "PASSPHRASE": true, "SECRET": true, "SECRETS": true, "TOKEN": true,
		"APIKEY": true, "CREDENTIAL": true, "CREDENTIALS": true,
	}
	secretPairs = map[string]bool{
		"API_KEY": true, "SECRET_KEY": true, "ACCESS_KEY": true, "PRIVATE_KEY": true, "AUTH_KEY": true, "ENCRYPTION_KEY": true, "SIGNING_KEY": true,
		"MASTER_KEY": true, "CONNECTION_STRING": true, "KEY_BASE": true,
	}
)

// secretName reports whether whole words of a setting's name say that it holds
// a secret. What ends in FILE, ID or URL does not by its name alone.
func secretName(name string) bool {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	n := len(words)
	return n > 0 && secretWords[words[n-1]] || n > 1 && secretPairs[words[n-2]+"_"+words[n-1]]
}

// setting splits a line at its first separator; a comment is none.
func setting(line []byte, separator string) (name, value string, ok bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' || line[0] == ';' {
		return "", "", false
	}
	n, v, ok := bytes.Cut(line, []byte(separator))
	return strings.TrimSpace(string(n)), strings.TrimSpace(string(v)), ok
}

// plain is true of values that ENV-01's rule leaves alone as well: paths,
// numbers and switches.
func plain(value string) bool {
	value = unquoted(value)
	if strings.HasPrefix(value, "/") || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "~/") {
		return true
	}
	_, err := strconv.ParseFloat(value, 64)
	return err == nil || len(value) < 4
}

// maxURL bounds how much of a line is taken for one URL.
const maxURL = 2000

// login finds the first URL in text with a password or a token before its host,
// and returns the host.
func login(text []byte) (host string, ok bool) {
	for {
		_, after, found := bytes.Cut(text, []byte("://"))
		if !found {
			return "", false
		}
		text = after
		authority := after[:min(len(after), maxURL)]
		if end := bytes.IndexAny(authority, "/?# \t\r\n\"'<>`\\,"); end >= 0 {
			authority = authority[:end]
		}
		at := bytes.LastIndexByte(authority, '@')
		if at < 0 {
			continue
		}
		user, password, has := strings.Cut(string(authority[:at]), ":")
		if has && literal(password) || !has && len(user) >= tokenLength && literal(user) {
			return string(authority[at+1:]), true
		}
	}
}

// tokenLength is how long a user name must be to be taken for a token: forges
// take one in its place.
const tokenLength = 20

// hostOf leaves of a registry's or machine's name what may be shown.
func hostOf(s string) string {
	if _, after, ok := strings.Cut(s, "//"); ok {
		s = after
	}
	if end := strings.IndexByte(s, '/'); end >= 0 {
		s = s[:end]
	}
	return s[strings.LastIndexByte(s, '@')+1:]
}
