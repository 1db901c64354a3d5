package check

import (
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxWords bounds how many words of a command line are read.
const maxWords = 1000

// commandLine is what a runtime starts: Cmd are Entrypoint's arguments.
func commandLine(c gate.Config) []string {
	words := slices.Concat(c.Entrypoint, c.Cmd)
	return words[:min(len(words), maxWords)]
}

// started are the commands that an image starts with: its command line and,
// where that is a shell with a script (sh -c …), those of the script.
func started(c gate.Config) []command {
	words := commandLine(c)
	if len(words) == 0 {
		return nil
	}
	var found script
	found.add(words, nil, 0)
	return found.commands
}

// shellForm reports whether the command line is a shell with a script, and
// which shell.
func shellForm(c gate.Config) (shell string, ok bool) {
	first := unwrap(commandLine(c))
	if _, ok := first.inline(); ok && slices.Contains(shellNames, first.name) {
		return first.name, true
	}
	return "", false
}

// settings are the variables of the environment.
func settings(c gate.Config) []variable {
	var found []variable
	for _, line := range c.Env {
		name, value, _ := strings.Cut(line, "=")
		found = append(found, variable{name, value})
	}
	return found
}

// judgedEnv are the variables of an image but for those that the policy
// accepts.
func judgedEnv(in Input) []variable {
	return slices.DeleteFunc(settings(in.Image.Config), func(v variable) bool { return slices.Contains(in.Options.AllowedEnv, v.name) })
}
