package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Secrets outside of environment variables: in build arguments and on command
// lines. Nothing here returns a value, only what it is.

// heldSecret says what makes a named value a secret, or "". A credential by
// its form is CRITICAL, one by its name HIGH, documentation's values LOW.
func heldSecret(name, value string) (what string, severity gate.Severity) {
	if kind := CredentialKind(value); kind != "" {
		return "holds " + kind, gate.SeverityCritical
	}
	if !NamesSecret(Separated(name)) || HarmlessValue(value) || filledIn.MatchString(value) || versionValue.MatchString(value) {
		return "", ""
	}
	if PlaceholderValue(value) || value == "changeit" { // changeit: Java's own trust store
		return "holds a placeholder, and its name says that it is a secret", gate.SeverityLow
	}
	return "holds a literal value, and its name says that it is a secret", gate.SeverityHigh
}

var (
	// filledIn is a value that the shell or a template completes.
	filledIn     = regexp.MustCompile(`\$[({]|\{\{`)
	versionValue = regexp.MustCompile(`^v?\d+(\.\d+)+([-+~.][0-9A-Za-z.-]*)?$`)
)

// argument is a secret on a command line.
type argument struct {
	name     string // the option or variable; empty for an argument without a name
	what     string
	severity gate.Severity
}

// secretArguments looks for secrets in a command: NAME=value, --name=value,
// --name value, the short options of programs known for them, URLs with
// passwords and Authorization headers.
func secretArguments(c command) []argument {
	var found []argument
	words := slices.Concat(c.assigned, []string{c.name}, c.args)
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if a, ok := secretArgument(c.name, w, next); ok {
			found = append(found, a)
		}
	}
	return found
}

// authorization is a header that carries a credential.
var authorization = regexp.MustCompile(`(?i)\b(authorization:\s*(?:bearer|basic|token)\s+)([^\s"']+)`)

// shortSecrets are short options that take a secret: attached, or as the next
// word where spaced is true.
var shortSecrets = map[string]struct {
	option string
	spaced bool
}{
	"mysql": {"-p", false}, "mysqldump": {"-p", false}, "mysqladmin": {"-p", false}, "mariadb": {"-p", false}, "mariadb-dump": {"-p", false},
	"sshpass": {"-p", true}, "redis-cli": {"-a", true}, "ldapsearch": {"-w", true},
}

func secretArgument(program, word, next string) (argument, bool) {
	if m := authorization.FindStringSubmatch(word); m != nil && !HarmlessValue(m[2]) {
		return argument{"Authorization", "holds a credential", gate.SeverityHigh}, true
	}
	name, value, assigned := strings.Cut(word, "=")
	option := strings.HasPrefix(name, "-")
	if short, ok := shortSecrets[program]; ok && strings.HasPrefix(word, short.option) {
		secret := strings.TrimPrefix(word, short.option)
		if secret == "" && short.spaced {
			secret = next
		}
		if !HarmlessValue(secret) {
			return argument{short.option, "holds a literal password", gate.SeverityHigh}, true
		}
	}
	if kind := CredentialKind(word); kind != "" {
		if !assigned {
			name = ""
		}
		return argument{name, "holds " + kind, gate.SeverityHigh}, true
	}
	switch {
	case !option && !assigned, strings.ContainsAny(name, " /:{("):
		return argument{}, false
	case !assigned && (next == "" || strings.HasPrefix(next, "-")):
		return argument{}, false // a switch
	case !assigned:
		value = next
	}
	bare := strings.TrimLeft(name, "-")
	switch {
	case strings.HasSuffix(bare, "-stdin"), strings.HasSuffix(bare, "-prompt"), strings.HasPrefix(bare, "pass-"): // switches and verbs
		return argument{}, false
	case bare == "requirepass", bare == "masterauth": // of Redis
		bare = "password"
	}
	what, severity := heldSecret(bare, value)
	if severity.Rank() > gate.SeverityHigh.Rank() {
		severity = gate.SeverityHigh
	}
	return argument{name, what, severity}, what != ""
}

// String names the argument for a message.
func (a argument) String() string {
	switch {
	case a.name == "":
		return "an argument"
	case strings.HasPrefix(a.name, "-"):
		return fmt.Sprintf("the option %.100q", a.name)
	}
	return fmt.Sprintf("%.100q", a.name)
}
