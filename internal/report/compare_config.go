package report

import (
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// ConfigChange is a field of the configuration that differs: by value, or, for
// lists, by what was added and removed. Of the environment only names are told.
type ConfigChange struct {
	Field   string   `json:"field"`
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// configChanges compares what runs and how. Without evidence there is the user
// alone, which the verdict has.
func configChanges(p, q gate.PlatformVerdict, before, after *gate.ImageEvidence) []ConfigChange {
	var out []ConfigChange
	value := func(field, x, y string) {
		if x != y {
			out = append(out, ConfigChange{Field: field, Before: x, After: y})
		}
	}
	list := func(field string, x, y []string) {
		if added, removed := without(y, x), without(x, y); len(added)+len(removed) > 0 {
			out = append(out, ConfigChange{Field: field, Added: added, Removed: removed})
		}
	}
	if p.User != nil && q.User != nil {
		value("user", userText(*p.User), userText(*q.User))
	}
	if before == nil || after == nil {
		return out
	}
	x, y := before.Config, after.Config
	value("entrypoint", command(x.Entrypoint), command(y.Entrypoint))
	value("command", command(x.Cmd), command(y.Cmd))
	value("working directory", x.WorkingDir, y.WorkingDir)
	value("stop signal", x.StopSignal, y.StopSignal)
	list("ports", x.ExposedPorts, y.ExposedPorts)
	list("volumes", x.Volumes, y.Volumes)
	if e := envChange(x.Env, y.Env); len(e.Added)+len(e.Removed)+len(e.Changed) > 0 {
		out = append(out, e)
	}
	return out
}

// command is a command line on one line; it may hold a secret.
func command(argv []string) string { return check.Redact(strings.Join(argv, " ")) }

func envChange(before, after []string) ConfigChange {
	x, y := envNames(before), envNames(after)
	e := ConfigChange{Field: "environment", Added: without(y, x), Removed: without(x, y)}
	names, entries := set(x), set(before)
	for i, name := range y {
		if names[name] && !entries[after[i]] {
			e.Changed = append(e.Changed, name)
		}
	}
	return e
}
