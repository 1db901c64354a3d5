package layer

import (
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// defaultPath is what runtimes set where the config has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Bounds of what is looked at and said of a command.
const (
	maxPathDirs = 64
	maxArgument = 200
)

// searchPath is the PATH of an image's environment, of which the last counts,
// up to a bound.
func searchPath(env []string) (dirs []string, whole bool) {
	value := defaultPath
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			value = v
		}
	}
	dirs = strings.SplitN(value, ":", maxPathDirs+1)
	return dirs[:min(len(dirs), maxPathDirs)], len(dirs) <= maxPathDirs
}

// launcher finds programs as the image's runtime does.
type launcher struct {
	view *View
	dirs []string // of PATH
	cwd  string
	id   *identity // nil: not known
}

// command is what the image starts; nil when it starts nothing.
func (g *gatherer) command(config gate.Config) *gate.Command {
	argv := slices.Concat(config.Entrypoint, config.Cmd)
	if len(argv) == 0 {
		return nil
	}
	dirs, whole := searchPath(config.Env)
	if !whole {
		g.truncated("command")
	}
	l := &launcher{view: g.view, dirs: dirs, cwd: path.Clean("/" + config.WorkingDir), id: identityOf(g.view, g.c.User)}
	c := &gate.Command{Argument: bounded(argv[0], maxArgument), Shell: isShell(argv[0])}
	n, at := l.find(argv[0])
	if n == nil {
		return c
	}
	e := n.Entry
	c.Path, c.Layer, c.Mode, c.UID, c.GID = printable(at), n.Layer, e.Mode, int(e.UID), int(e.GID)
	c.Shell = c.Shell || isShell(at)
	if l.id != nil {
		runnable := l.mayRun(n, at)
		c.Runnable = &runnable
	} else if e.Mode&0o111 == 0 {
		c.Runnable = new(bool) // nobody may
	}
	if f, known := g.view.form(n); known {
		l.describe(c, f)
	}
	c.Writable = l.writable(n, at)
	return c
}

// describe says what the program is and whether what runs it is there.
func (l *launcher) describe(c *gate.Command, f *Form) {
	switch {
	case f == nil:
		c.Format = "other"
	case f.Script:
		c.Format, c.Interpreter, c.InterpreterMissing = "script", printable(f.Interpreter), !l.interprets(f.Interpreter)
	default:
		c.Format, c.Machine, c.Interpreter = "elf", f.Machine, printable(f.Interpreter)
		c.InterpreterMissing = f.Interpreter != "" && !l.interprets(f.Interpreter)
	}
}

// interprets reports whether the words of an interpreter lead to programs: a
// path, and behind env a name.
func (l *launcher) interprets(words string) bool {
	program, name, env := strings.Cut(words, " ")
	if program == "" {
		return false
	}
	n, _ := l.view.Resolve(path.Join("/", l.relative(program)))
	if !executable(n) {
		return false
	}
	if !env {
		return true
	}
	found, _ := l.find(name)
	return executable(found)
}

// relative puts a path that has no slash in front below the working directory.
func (l *launcher) relative(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return l.cwd + "/" + p
}

func executable(n *Node) bool {
	return n != nil && n.Entry != nil && n.Entry.Kind == File && n.Entry.Mode&0o111 != 0
}

// find is where execvp(3) would look: a name with a slash is a path, any other
// is searched along PATH for a file the user may execute. Where there is none,
// a file that it may not execute is the answer.
func (l *launcher) find(name string) (*Node, string) {
	if name == "" || len(name) > maxName {
		return nil, ""
	}
	if strings.Contains(name, "/") {
		return l.file(l.relative(name))
	}
	var second *Node
	secondAt := ""
	for _, dir := range l.dirs {
		if !strings.HasPrefix(dir, "/") {
			continue // runtimes refuse what a relative directory holds
		}
		n, at := l.file(dir + "/" + name)
		switch {
		case n == nil:
		case executable(n) && (l.id == nil || l.mayRun(n, at)):
			return n, at
		case second == nil:
			second, secondAt = n, at
		}
	}
	return second, secondAt
}

// file is the regular file p leads to.
func (l *launcher) file(p string) (*Node, string) {
	n, at := l.view.Resolve(p)
	if n == nil || n.Entry == nil || n.Entry.Kind != File {
		return nil, ""
	}
	return n, at
}

func (l *launcher) mayRun(n *Node, at string) bool {
	return l.id.may(n.Entry, 1) && l.view.mayReach(l.id, at)
}

// writable are the program, its directory and those of PATH that the user may
// change. To root it means nothing.
func (l *launcher) writable(n *Node, at string) []gate.File {
	if l.id == nil || l.id.uid == 0 {
		return nil
	}
	var out []gate.File
	seen := map[*Node]bool{}
	take := func(n *Node, at string) {
		if n == nil || n.Entry == nil || seen[n] {
			return
		}
		seen[n] = true
		if l.id.mayChange(n.Entry) {
			f := toFile(at, n.Entry, n.Layer)
			f.Target = ""
			out = append(out, f)
		}
	}
	take(n, at)
	take(l.view.Resolve(path.Dir(at)))
	for _, dir := range l.dirs {
		if strings.HasPrefix(dir, "/") {
			take(l.view.Resolve(dir))
		}
	}
	return out
}

// isShell goes by the name: busybox and toybox are shells as far as they are
// called one.
func isShell(p string) bool {
	name := path.Base(p)
	return name != "busybox" && name != "toybox" && slices.Contains(shells, name)
}
