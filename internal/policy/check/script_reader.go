package check

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// reader draws the commands from one statement of a script.
type reader struct {
	script *script
	depth  int
	// downloads and runners are the commands that fetch from the network and
	// those that run what they read.
	downloads, runners []placed
}

// placed is a program at a place in the script.
type placed struct {
	name string
	at   syntax.Pos
}

// collect is the first pass: every simple command.
func (r *reader) collect(n syntax.Node) bool {
	statement, ok := n.(*syntax.Stmt)
	if !ok {
		return true
	}
	call, ok := statement.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return true
	}
	var words, assigned []string
	for _, w := range call.Args {
		words = append(words, literal(w.Parts))
	}
	for _, a := range call.Assigns {
		if a.Name != nil && a.Value != nil {
			assigned = append(assigned, a.Name.Value+"="+literal(a.Value.Parts))
		}
	}
	c := r.script.commands[r.script.add(words, assigned, r.depth)]
	if slices.Contains(downloaders, c.name) {
		r.downloads = append(r.downloads, placed{c.name, call.Pos()})
	}
	if c.readsProgram() {
		r.runners = append(r.runners, placed{c.name, call.Pos()})
		for _, redirect := range statement.Redirs {
			if redirect.Hdoc != nil {
				r.script.read(literal(redirect.Hdoc.Parts), r.depth+1)
			}
		}
	}
	return true
}

// pipes is the second pass: what is downloaded and run at once.
func (r *reader) pipes(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.BinaryCmd: // curl | sh
		if n.Op != syntax.Pipe && n.Op != syntax.PipeAll || n.X == nil || n.Y == nil {
			return true
		}
		if runner := placedIn(r.runners, n.Y); runner != "" {
			r.fetch(n.X, runner, " | ")
		}
	case *syntax.Stmt: // sh < <(curl), sh <<< "$(curl)"
		for _, redirect := range n.Redirs {
			if runner := placedIn(r.runners, n); runner != "" && redirect.Word != nil {
				r.substitution(redirect.Word, runner)
			}
		}
	case *syntax.CallExpr: // sh -c "$(curl)", eval "$(curl)", source <(curl), bash <(curl)
		if len(n.Args) < 2 {
			return true
		}
		words := make([]string, 0, len(n.Args))
		for _, w := range n.Args {
			words = append(words, literal(w.Parts))
		}
		c := unwrap(words)
		if slices.Contains(shellNames, c.name) || c.name == "eval" || c.name == "source" || c.name == "." {
			for _, w := range n.Args[1:] {
				r.substitution(w, c.name)
			}
		}
	}
	return true
}

// substitution looks at a word that is, or begins with, a command's output.
func (r *reader) substitution(w *syntax.Word, runner string) {
	parts := w.Parts
	if len(parts) > 0 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	if len(parts) == 0 {
		return
	}
	switch part := parts[0].(type) {
	case *syntax.CmdSubst:
		r.fetch(part, runner, " in ")
	case *syntax.ProcSubst:
		r.fetch(part, runner, " in ")
	}
}

func (r *reader) fetch(from syntax.Node, runner, how string) {
	name := placedIn(r.downloads, from)
	if name == "" {
		return
	}
	words := name + how + runner
	if !slices.Contains(r.script.fetched, words) {
		r.script.fetched = append(r.script.fetched, words)
	}
}

// placedIn is the first program that stands inside a node, or "".
func placedIn(programs []placed, n syntax.Node) string {
	if len(programs) == 0 {
		return ""
	}
	from, to := n.Pos(), n.End()
	for _, p := range programs {
		if !from.After(p.at) && to.After(p.at) {
			return p.name
		}
	}
	return ""
}

var downloaders = []string{"curl", "wget", "aria2c", "fetch"}

// readsProgram reports whether a command is an interpreter that takes its
// program from its standard input. Most are not: python -c, sh script.sh.
func (c command) readsProgram() bool {
	shell := slices.Contains(shellNames, c.name)
	if !shell && !slices.Contains([]string{"perl", "ruby", "node", "php"}, c.name) && !strings.HasPrefix(c.name, "python") {
		return false
	}
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch {
		case a == "-" || a == "/dev/stdin" || a == "--" && i+1 == len(c.args):
			return true
		case !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+"):
			return false
		case strings.HasPrefix(a, "--"):
		case shell && strings.Contains(a, "c"), !shell && strings.ContainsAny(a, "cemrnp"):
			return false
		case shell && strings.Contains(a, "s"):
			return true
		case shell && strings.HasSuffix(a, "o"):
			i++ // -o pipefail
		}
	}
	return true
}

// literal is a word without its quotes. What the shell fills in stays a
// reference: "$name", or "$()" for a command's output.
func literal(parts []syntax.WordPart) string {
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescape.Replace(p.Value))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			b.WriteString(literal(p.Parts))
		case *syntax.ParamExp:
			b.WriteString("$")
			if p.Param != nil {
				b.WriteString(p.Param.Value)
			}
		default:
			b.WriteString("$()")
		}
	}
	return b.String()
}

var unescape = strings.NewReplacer("\\\n", "", `\\`, `\`, `\`, "")
