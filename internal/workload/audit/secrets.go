package audit

import (
	"regexp"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// Whether a text is a secret is told by the rules that judge images (package
// check), so that a variable means the same in a Dockerfile and in a manifest.
// Nothing here ever returns a value: what is found is named, not shown.

// suspicion says why a value is taken for a secret.
type suspicion struct {
	what     string // "holds a GitHub token"
	severity gate.Severity
}

// suspect judges a value and the name it is given; nil when it is no secret.
func suspect(name, value string) *suspicion {
	if kind := check.CredentialKind(value); kind != "" {
		return &suspicion{"holds " + kind, gate.SeverityHigh}
	}
	if !check.NamesSecret(check.Separated(name)) || reference(value) {
		return nil
	}
	if check.PlaceholderValue(value) {
		return &suspicion{"holds a placeholder that somebody may forget to replace, and its name says that it is a secret", gate.SeverityLow}
	}
	return &suspicion{"holds a literal value and its name says that it is a secret", gate.SeverityHigh}
}

// reference reports whether a value is filled in elsewhere: by Kubernetes, by
// a template engine, or from a vault.
func reference(value string) bool {
	if check.HarmlessValue(value) || strings.Contains(value, "$(") || strings.Contains(value, "${") || strings.Contains(value, "{{") {
		return true
	}
	for _, prefix := range []string{">>vault:", "sm://", "gsm:", "awssm:", "@Microsoft.KeyVault(", "keyvault:", "secret://"} {
		if strings.HasPrefix(value, prefix) {
			return true
		}
	}
	return false
}

// assignment finds names that are given values in a line, in whatever
// language: shell, properties, INI, YAML, TOML, JSON. Values without quotes end
// the line or are followed by what ends a value: prose is none. Nor are YAML's
// blocks, aliases and tags, and calls of functions.
var assignment = regexp.MustCompile(`(?:^|[\s{,;"'?&])([A-Za-z_][A-Za-z0-9_.-]{0,80})["']?[ \t]*[:=][ \t]*(?:"([^"]*)"|'([^']*)'|([^\s"',;}&(\[|>*!][^\s"',;}&(\[]*)[ \t\r]*(?:$|[,;}&#\\]))`)

// maxText bounds what is searched of one text, in bytes: a ConfigMap holds at
// most 1 MiB.
const maxText = 1 << 20

// place is where in a text a secret was found.
type place struct {
	suspicion
	line int    // counted from 1
	name string // what is given the value; empty when the line shows none
}

// secretsIn searches a text, line by line, for credentials and for assignments
// of secrets.
func secretsIn(text string) []place {
	var places []place
	number := 0
	for line := range strings.Lines(text[:min(len(text), maxText)]) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if kind := check.CredentialKind(line); kind != "" {
			places = append(places, place{suspicion{"holds " + kind, gate.SeverityHigh}, number, ""})
		} else if speaksOfSecrets(line) && !comment(line) {
			places = append(places, assigned(line, number)...)
		}
	}
	return places
}

func assigned(line string, number int) []place {
	var places []place
	for _, m := range assignment.FindAllStringSubmatch(line, -1) {
		name, bare := m[1], m[4]
		if bare != "" && strings.EqualFold(lastWord(bare), lastWord(name)) {
			continue // code: self.password = password
		}
		if s := suspect(name, m[2]+m[3]+bare); s != nil {
			places = append(places, place{*s, number, name})
		}
	}
	return places
}

// speaksOfSecrets is a cheap test that every name of a secret passes.
func speaksOfSecrets(line string) bool {
	line = strings.ToLower(line)
	for _, word := range []string{"pass", "pwd", "secret", "token", "credential", "key"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

func comment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//")
}

func lastWord(s string) string {
	return s[strings.LastIndexAny(s, "._-")+1:]
}
