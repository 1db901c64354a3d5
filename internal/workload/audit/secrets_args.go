package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// commandLine is one of the places of a container that hold a command.
type commandLine struct {
	field string // ".args", ".livenessProbe.exec.command"
	words []string
}

// commandsOf are a container's command, its arguments, and the commands of its
// probes and hooks.
func commandsOf(c *corev1.Container) []commandLine {
	lines := []commandLine{{".command", c.Command}, {".args", c.Args}}
	for _, p := range []struct {
		field string
		probe *corev1.Probe
	}{{".livenessProbe", c.LivenessProbe}, {".readinessProbe", c.ReadinessProbe}, {".startupProbe", c.StartupProbe}} {
		if p.probe != nil && p.probe.Exec != nil {
			lines = append(lines, commandLine{p.field + ".exec.command", p.probe.Exec.Command})
		}
	}
	if l := c.Lifecycle; l != nil {
		if l.PostStart != nil && l.PostStart.Exec != nil {
			lines = append(lines, commandLine{".lifecycle.postStart.exec.command", l.PostStart.Exec.Command})
		}
		if l.PreStop != nil && l.PreStop.Exec != nil {
			lines = append(lines, commandLine{".lifecycle.preStop.exec.command", l.PreStop.Exec.Command})
		}
	}
	return lines
}

// argSecret is a secret in a command, and the argument that holds it.
type argSecret struct {
	suspicion
	index int
	what  string // "the option --password"
}

// secretArgs searches a command. An argument with spaces is a script, whose
// words are looked at as if they were arguments.
func secretArgs(words []string) []argSecret {
	var found []argSecret
	for i, word := range words {
		if kind := check.CredentialKind(word); kind != "" {
			found = append(found, argSecret{suspicion{"holds " + kind, gate.SeverityHigh}, i, "an argument"})
			continue
		}
		if m := authorization.FindStringSubmatch(word); m != nil && !reference(m[1]) {
			found = append(found, argSecret{suspicion{"holds a credential", gate.SeverityHigh}, i, "an Authorization header"})
			continue
		}
		words := words[i:min(i+2, len(words))]
		if strings.ContainsAny(word, " \n\t") {
			words = append(strings.Fields(word), "")
		} else if len(words) == 1 {
			words = append(slices.Clone(words), "")
		}
		for j := range words[:len(words)-1] {
			if s := secretWord(words[j], words[j+1]); s != nil {
				s.index = i
				found = append(found, *s)
			}
		}
	}
	return found
}

// authorization is a header that carries a credential.
var authorization = regexp.MustCompile(`(?i)\bauthorization:[ \t]*(?:bearer|basic|token)[ \t]+([^\s"']+)`)

// secretWord judges NAME=value, --name=value and --name value.
func secretWord(word, next string) *argSecret {
	word = strings.Trim(word, `"';`)
	name, value, assigned := strings.Cut(word, "=")
	option := strings.HasPrefix(name, "-")
	switch {
	case !option && !assigned, strings.ContainsAny(name, "/:{("):
		return nil
	case !assigned && (strings.HasPrefix(next, "-") || next == ""):
		return nil // a switch
	case !assigned:
		value = next
	}
	bare := strings.TrimLeft(name, "-")
	if strings.HasPrefix(bare, "pass-") { // a verb: --pass-access-token
		return nil
	}
	if bare == "requirepass" || bare == "masterauth" { // Redis
		bare = "password"
	}
	s := suspect(bare, strings.Trim(value, `"';`))
	if s == nil {
		return nil
	}
	what := fmt.Sprintf("the variable %.100q", name)
	if option {
		what = fmt.Sprintf("the option %.100q", name)
	}
	return &argSecret{suspicion: *s, what: what}
}
