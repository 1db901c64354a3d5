package layer

import (
	"bytes"
	"strings"
)

// registryLogin finds a login in a Docker or Podman config.
func registryLogin(b []byte) (host string, ok bool) {
	_, ok = jsonFind(b, func(parent, name, value string) bool {
		switch name {
		case "auth", "identitytoken", "registrytoken", "password":
			host = hostOf(parent)
			return literal(value)
		}
		return false
	})
	return host, ok
}

// googleKey finds a service account's key, or a user's refresh token.
func googleKey(b []byte) (string, bool) {
	if !bytes.Contains(b, []byte(`"service_account"`)) && !bytes.Contains(b, []byte(`"authorized_user"`)) {
		return "", false
	}
	return jsonFind(b, func(_, name, value string) bool {
		return name == "refresh_token" && literal(value) || name == "private_key" && strings.Contains(value, "PRIVATE KEY-----")
	})
}

// stateSecret finds an attribute of Terraform's state that is a secret by its name.
func stateSecret(b []byte) (string, bool) {
	return jsonFind(b, func(_, name, value string) bool { return secretName(name) && literal(value) && !plain(value) })
}

// Bounds of what jsonFind remembers.
const (
	maxNesting = 64
	maxText    = 4 << 10
)

// jsonFind calls f for each string value of a JSON text, with its name and that
// of the object around it, until f is true, and returns the name then. It is no
// parser: the text may be cut short or no JSON, and what it remembers is bounded.
func jsonFind(b []byte, f func(parent, name, value string) bool) (string, bool) {
	var parents []string // of the objects and arrays that are open
	depth := 0
	name, named := "", false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			if depth++; depth <= maxNesting {
				parents = append(parents[:depth-1], name)
			}
			named = false
		case '}', ']':
			depth = max(0, depth-1)
			named = false
		case ',':
			named = false
		case '"':
			end := i + 1
			for end < len(b) && b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			text := b[min(i+1, len(b)):min(end, len(b))]
			i = end
			if rest := bytes.TrimLeft(b[min(end+1, len(b)):], " \t\r\n"); len(rest) > 0 && rest[0] == ':' && !named {
				name, named = string(text[:min(len(text), maxText)]), true
				continue
			}
			parent := ""
			if depth > 0 && depth <= maxNesting {
				parent = parents[depth-1]
			}
			if named && f(parent, name, string(text[:min(len(text), maxText)])) {
				return name, true
			}
			named = false
		}
	}
	return "", false
}
