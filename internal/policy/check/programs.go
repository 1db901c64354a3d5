package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// program is one reachable program under all the names that lead to it.
type program struct {
	gate.Program // by its first name
	names        []string
}

// ofKinds are the reachable programs of some kinds.
func ofKinds(c *gate.Contents, kinds ...gate.ProgramKind) []gate.Program {
	var found []gate.Program
	for _, p := range c.Programs {
		if slices.Contains(kinds, p.Kind) {
			found = append(found, p)
		}
	}
	return found
}

// grouped takes names that are links to one file together: busybox answers to
// dozens, and they are one thing to mend.
func grouped(list []gate.Program) []program {
	var groups []program
	for _, p := range list {
		i := slices.IndexFunc(groups, func(g program) bool { return fileOf(g.Program) == fileOf(p) && g.Layer == p.Layer })
		if i < 0 {
			i = len(groups)
			groups = append(groups, program{Program: p})
		}
		groups[i].names = append(groups[i].names, path.Base(p.Path))
	}
	return groups
}

// fileOf is where a program really lies.
func fileOf(p gate.Program) string {
	if p.Target != "" {
		return p.Target
	}
	return p.Path
}

// String names the program for a message.
func (p program) String() string {
	switch {
	case len(p.names) > 1:
		return fmt.Sprintf("%s (as %s)", fileOf(p.Program), firstFew(p.names, 6))
	case p.Target != "" && p.Target != p.Path:
		return fmt.Sprintf("%s (%s)", p.Path, p.Target)
	}
	return p.Path
}

// finding is about the program: its name, and what is to be said of it.
func (p program) finding(severity gate.Severity, says, fix string) Finding {
	f := Finding{Severity: severity, Message: p.String() + " " + says, Fix: fix, Layer: at(p.Layer), Path: p.Path, Subject: path.Base(p.Path)}
	if len(p.names) > 1 {
		f.Path, f.Subject = fileOf(p.Program), path.Base(fileOf(p.Program))
	}
	return f
}

// firstFew joins the first few names.
func firstFew(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
