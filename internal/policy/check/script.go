package check

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command is one simple command of a shell script or of a config.
type command struct {
	name string // of the program, without its directory
	args []string
	// assigned are the NAME=value before it.
	assigned []string
	// through are the programs that start it: sudo, env, tini.
	through []string
}

// script is what checks ask of a shell script.
type script struct {
	commands []command
	// fetched are the ways in which a shell runs what comes from the
	// network as it comes, for example "curl | bash".
	fetched []string
}

// The bounds of a script: its text in bytes, and how deep scripts may be
// quoted in scripts (sh -c "sh -c …").
const (
	maxScript = 16 << 10
	maxQuoted = 3
)

// commandsOf are the commands of a RUN.
func commandsOf(instruction, args string) script {
	if instruction != "RUN" {
		return script{}
	}
	var words []string
	if strings.HasPrefix(args, "[") && json.Unmarshal([]byte(args), &words) == nil {
		var found script
		found.add(words, nil, 0)
		return found
	}
	return readScript(args)
}

// readScript reads a script as bash would. One that is cut off is read as far
// as it goes; what cannot be read is left out.
func readScript(text string) script {
	var found script
	found.read(text, 0)
	return found
}

func (s *script) read(text string, depth int) {
	if depth > maxQuoted {
		return
	}
	// The text is hostile and the parser is not ours: a fault of it must cost
	// an opinion about one line, not the gate.
	defer func() { _ = recover() }()
	r := reader{script: s, depth: depth}
	parser := syntax.NewParser(syntax.RecoverErrors(16)) // a line that was cut lacks its ends
	_ = parser.Stmts(strings.NewReader(text[:min(len(text), maxScript)]), func(statement *syntax.Stmt) bool {
		r.downloads, r.runners = nil, nil
		syntax.Walk(statement, r.collect)
		syntax.Walk(statement, r.pipes)
		return true
	})
}

// add adds a command given by its words, and those of the script that it is
// given with -c. It returns the command's index.
func (s *script) add(words, assigned []string, depth int) int {
	c := unwrap(words)
	c.assigned = append(c.assigned, assigned...)
	s.commands = append(s.commands, c)
	i := len(s.commands) - 1
	if text, ok := c.inline(); ok {
		s.read(text, depth+1)
	}
	return i
}

// inline is the script that a shell, or su, is given on its command line.
func (c command) inline() (text string, ok bool) {
	shell := slices.Contains(shellNames, c.name)
	if !shell && c.name != "su" && c.name != "runuser" {
		return "", false
	}
	for i := 0; i+1 < len(c.args); i++ {
		switch a := c.args[i]; {
		case strings.HasPrefix(a, "--"):
		case strings.HasPrefix(a, "-") && strings.Contains(a, "c"):
			return c.args[i+1], true
		case shell && (strings.HasPrefix(a, "-") || strings.HasPrefix(a, "+")):
			if strings.HasSuffix(a, "o") {
				i++ // -o pipefail
			}
		case shell:
			return "", false // a file
		}
	}
	return "", false
}

// shellNames are the programs that run shell scripts.
var shellNames = []string{"sh", "bash", "ash", "dash", "zsh", "ksh"}

// wrapper is a program that starts another.
type wrapper struct {
	valued   string // its short options that take a value
	operands int    // how many operands come before the program
}

var wrappers = map[string]wrapper{
	"sudo": {"ughpCUrtDRT", 0}, "doas": {"uC", 0}, "env": {"uC", 0}, "exec": {"a", 0}, "command": {}, "nice": {"n", 0}, "ionice": {"cn", 0},
	"nohup": {}, "time": {"fo", 0}, "timeout": {"ks", 1}, "stdbuf": {"ioe", 0}, "busybox": {}, "eatmydata": {},
	"tini": {"pe", 0}, "tini-static": {"pe", 0}, "docker-init": {"pe", 0}, "dumb-init": {"r", 0}, "catatonit": {},
	"gosu": {"", 1}, "su-exec": {"", 1}, "setpriv": {}, "chroot": {"", 1},
}

// unwrap finds the program that a command line starts in the end.
func unwrap(words []string) command {
	var c command
	for len(words) > 0 {
		if name, _, ok := strings.Cut(words[0], "="); ok && environmentName(name) {
			c.assigned = append(c.assigned, words[0])
			words = words[1:]
			continue
		}
		c.name = path.Base(words[0])
		w, ok := wrappers[c.name]
		if !ok {
			c.args = words[1:]
			return c
		}
		rest := w.skip(words[1:])
		if len(rest) == 0 { // it starts nothing: sudo -v
			c.args = words[1:]
			return c
		}
		c.through = append(c.through, c.name)
		words = rest
	}
	return c
}

// skip leaves out a wrapper's own options and operands.
func (w wrapper) skip(words []string) []string {
	operands := w.operands
	for len(words) > 0 {
		switch word := words[0]; {
		case word == "--":
			words = words[1:]
			return words[min(operands, len(words)):]
		case strings.HasPrefix(word, "-") && len(word) > 1:
			if len(word) == 2 && strings.Contains(w.valued, word[1:]) && len(words) > 1 {
				words = words[1:]
			}
		case operands > 0:
			operands--
		default:
			return words
		}
		words = words[1:]
	}
	return words
}

// environmentName reports whether a word can be the name of a variable.
func environmentName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
