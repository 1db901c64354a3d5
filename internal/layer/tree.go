package layer

import (
	"path"
	"strings"
)

// surroundings are what directories above mean for what is below them.
type surroundings struct {
	quiet   bool // nothing below is listed as stray
	headers bool // files below are header files
}

// tree takes what counts of the flattened view, in order of paths. Paths are
// put together only for what is listed: of a million entries, few are.
func (g *gatherer) tree(at string, n *Node, in surroundings) {
	if at == "/" && n.Entry != nil {
		g.entry("/", "", n)
	}
	for _, name := range n.names() {
		child := n.children[name]
		if child.Entry != nil {
			g.entry(at, name, child)
			if in.headers && child.Entry.Kind == File {
				g.c.Headers++
			}
			if strings.HasPrefix(name, "authorized_keys") && child.Entry.Kind == File {
				g.authorizedKeys(at, name, child)
			}
		}
		isDir := child.Entry == nil || child.Entry.Kind == Dir
		inside := in
		if !in.quiet {
			inside.quiet = g.stray(at, name, child, isDir)
		}
		if isDir && child.children != nil {
			inside.headers = in.headers || isHeaders(at, name)
			g.tree(path.Join(at, name), child, inside)
		}
	}
}

// isHeaders is true of the directories of C and kernel headers.
func isHeaders(at, name string) bool {
	switch at {
	case "/usr":
		return name == "include"
	case "/usr/src":
		return strings.HasPrefix(name, "linux-headers") || name == "kernels"
	}
	return false
}
