package layer

import (
	"bytes"
	"strings"
)

// The judges of credential files that are lines. Each looks for a value that
// opens something, and says where it stands.

// gitLogin finds a password in a URL, and the authorization header that some
// CI systems leave behind.
func gitLogin(b []byte) (string, bool) {
	if host, ok := login(b); ok {
		return host, true
	}
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := setting(line, "=")
		if ok && strings.EqualFold(name, "extraheader") && len(value) > len("authorization:")+8 && strings.HasPrefix(strings.ToLower(unquoted(value)), "authorization:") {
			return "extraheader", true
		}
	}
	return "", false
}

// netrcLogin finds a password (netrc is words, not lines).
func netrcLogin(b []byte) (string, bool) {
	machine, last := "", ""
	for word := range bytes.FieldsSeq(b) {
		w := string(word)
		switch last {
		case "machine":
			machine, w = hostOf(w), ""
		case "password":
			if literal(w) {
				return machine, true
			}
			w = ""
		case "login", "account":
			w = ""
		}
		if last = w; w == "default" {
			machine = w
		}
	}
	return "", false
}

// npmLogin finds what npm sends to a registry.
func npmLogin(b []byte) (string, bool) {
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := setting(line, "=")
		field := name[strings.LastIndexByte(name, ':')+1:]
		if ok && (field == "_authToken" || field == "_auth" || field == "_password") && literal(value) {
			if strings.HasPrefix(name, "//") {
				return field + " of " + hostOf(name), true
			}
			return field, true
		}
	}
	return "", false
}

func yarnLogin(b []byte) (string, bool) {
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := setting(line, ":")
		if ok && (name == "npmAuthToken" || name == "npmAuthIdent") && literal(value) {
			return name, true
		}
	}
	return "", false
}

// inSections calls f for each setting of a file in sections until it is true,
// and returns the section.
func inSections(b []byte, f func(name, value string) bool) (section string, ok bool) {
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 1 && line[0] == '[' && line[len(line)-1] == ']' {
			section = string(line[1 : len(line)-1])
			continue
		}
		if name, value, ok := setting(line, "="); ok && f(strings.ToLower(name), value) {
			return section, true
		}
	}
	return "", false
}

func pypiLogin(b []byte) (string, bool) {
	return inSections(b, func(name, value string) bool { return name == "password" && literal(value) })
}

func awsKey(b []byte) (string, bool) {
	return inSections(b, func(name, value string) bool {
		return (name == "aws_secret_access_key" || name == "aws_session_token") && literal(value)
	})
}

// vaultToken is true of one word.
func vaultToken(b []byte) (string, bool) {
	words := bytes.Fields(b[:min(len(b), headSize)])
	return "", len(words) == 1 && len(words[0]) >= 8 && literal(string(words[0]))
}

// envSecret finds a setting that is a secret by its name and stands for itself,
// or a URL with a password.
func envSecret(b []byte) (string, bool) {
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := setting(line, "=")
		name = strings.TrimPrefix(name, "export ")
		if !ok || strings.ContainsAny(name, " \t\"'(") {
			continue // not a line of an env file
		}
		if i := strings.Index(value, " #"); i >= 0 && !strings.HasPrefix(value, `"`) {
			value = value[:i]
		}
		if secretName(name) && literal(value) && !plain(value) {
			return name, true
		}
		if _, ok := login([]byte(value)); ok {
			return name, true
		}
	}
	return "", false
}

// kubeLogin finds what a kubeconfig's user proves itself by, in YAML or JSON.
func kubeLogin(b []byte) (string, bool) {
	secret := func(name, value string) bool {
		switch name {
		case "token", "password", "client-key-data", "id-token", "refresh-token", "access-token", "client-secret":
			return literal(value)
		}
		return false
	}
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		return jsonFind(b, func(_, name, value string) bool { return secret(name, value) })
	}
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := setting(bytes.TrimLeft(line, " -"), ":")
		if name = unquoted(name); ok && secret(name, value) {
			return name, true
		}
	}
	return "", false
}
