package layer

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// View is the file system of an image as a runtime would mount it.
type View struct {
	root   *Node
	facts  []*Facts
	hidden []hidden
	// Dangling are hard links whose target is no file when they are made.
	Dangling []Dangling
	// deleted counts the files of lower layers that each layer's whiteouts hide.
	deleted []int

	removedAt map[place]int // built by RemovedBy
	spare     []Node        // nodes come from here, many to an allocation

	// The directory that took the last entry, as it was spelt: layers list
	// files by directory. It holds until something is hidden.
	lastDir  string
	lastNode *Node
	lastAt   string
}

// Node is one path of the view. Implied directories have no Entry.
type Node struct {
	Entry    *Entry
	Layer    int // that brought the entry
	children map[string]*Node
	from     *origin // of a hard link's bytes; nil: they are the entry's own
}

// origin is where the bytes of the node's entry are.
func (n *Node) origin() origin {
	if n.from != nil {
		return *n.from
	}
	return origin{place{n.Entry.Path, n.Layer}, n.Entry.Size == 0}
}

// origin is where a file's bytes are, which for a hard link is elsewhere.
type origin struct {
	place
	empty bool
}

func (n *Node) add(name string, child *Node) {
	if n.children == nil {
		n.children = map[string]*Node{}
	}
	n.children[name] = child
}

// hidden is a file that a later layer replaced or deleted.
type hidden struct {
	entry     *Entry
	path      string // where it really lay
	layer, by int
}

type place struct {
	path  string
	layer int
}

// Dangling is a hard link to nothing that can be linked to.
type Dangling struct {
	Path  string
	Layer int
}

// Flatten applies layers in order, base first.
func Flatten(facts []*Facts) *View {
	v := &View{root: &Node{Layer: -1}, facts: facts, deleted: make([]int, len(facts))}
	for i, f := range facts {
		before := len(v.hidden)
		// Deletions first: they concern lower layers only, wherever they
		// stand in the archive (OCI image-spec, layer.md).
		for j := range f.Entries {
			switch e := &f.Entries[j]; e.Kind {
			case Whiteout:
				v.remove(e.Path, i)
			case Opaque:
				if n, at := v.find(e.Path, false, false); n != nil {
					v.hideChildren(n, at, i)
				}
			}
		}
		v.deleted[i] = len(v.hidden) - before
		for j := range f.Entries {
			if e := &f.Entries[j]; e.Kind != Whiteout && e.Kind != Opaque {
				v.place(e, i)
			}
		}
	}
	return v
}

// place puts an entry where an extractor would: parents that are symbolic links
// are followed inside the root.
func (v *View) place(e *Entry, layer int) {
	if e.Path == "/" {
		v.root.Entry, v.root.Layer = e, layer
		return
	}
	dir, name := path.Split(e.Path)
	parent, at := v.lastNode, v.lastAt
	if parent == nil || dir != v.lastDir {
		if parent, at = v.find(dir, true, true); parent == nil {
			return // below a file, or a loop of links: nothing a runtime could reach
		}
		v.lastDir, v.lastNode, v.lastAt = dir, parent, at
	}
	var from *origin
	if e.Kind == Hardlink {
		if target := v.Lookup(e.Link); target == nil || target.Entry == nil || target.Entry.Kind == Dir {
			v.Dangling = append(v.Dangling, Dangling{Path: e.Path, Layer: layer})
		} else {
			linked := *target.Entry
			linked.Path, linked.Size = e.Path, 0 // its bytes count once
			where := target.origin()
			e, from = &linked, &where
		}
	}
	if old := parent.children[name]; old != nil {
		if e.Kind == Dir && (old.Entry == nil || old.Entry.Kind == Dir) {
			old.Entry, old.Layer = e, layer
			return
		}
		v.hide(old, path.Join(at, name), layer)
	}
	n := v.node()
	n.Entry, n.Layer, n.from = e, layer, from
	parent.add(name, n)
}

// node is a new one.
func (v *View) node() *Node {
	if len(v.spare) == 0 {
		v.spare = make([]Node, 256)
	}
	n := &v.spare[0]
	v.spare = v.spare[1:]
	n.Layer = -1
	return n
}

// maxLinks bounds how many symbolic links one look-up follows, as Linux does.
const maxLinks = 40

// maxDepth is how deep a directory can be made: below, no absolute path of
// PATH_MAX bytes leads.
const maxDepth = maxName / 2

// find walks to p as the kernel would inside the root: symbolic links are
// followed, the last one only with follow, and ".." in a link's target leads up
// from where the walk then stands. It returns the node and where it really
// lies; nil when there is none, or too many links. With create, directories
// that are missing are made, and a file in the way is nil too.
func (v *View) find(p string, follow, create bool) (*Node, string) {
	trail, names := append(make([]*Node, 0, 24), v.root), append(make([]string, 0, 24), "")
	parts := split(p)
	for links := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		if part == ".." {
			above := max(1, len(trail)-1)
			trail, names = trail[:above], names[:above]
			continue
		}
		n := trail[len(trail)-1]
		child := n.children[part]
		switch {
		case child == nil && (!create || len(trail) > maxDepth):
			return nil, ""
		case child == nil:
			child = v.node()
			n.add(part, child)
		case child.Entry == nil || child.Entry.Kind == Dir:
		case child.Entry.Kind == Symlink && (follow || len(parts) > 0):
			if links++; links > maxLinks {
				return nil, ""
			}
			if strings.HasPrefix(child.Entry.Link, "/") {
				trail, names = trail[:1], names[:1]
			}
			parts = append(split(child.Entry.Link), parts...)
			continue
		case create || len(parts) > 0:
			return nil, ""
		}
		trail, names = append(trail, child), append(names, part)
	}
	return trail[len(trail)-1], cmp.Or(strings.Join(names, "/"), "/")
}

// split takes a path apart, keeping "..".
func split(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(part string) bool { return part == "" || part == "." })
}

// Lookup finds the node at p without following p itself if it is a link.
func (v *View) Lookup(p string) *Node {
	n, _ := v.find(p, false, false)
	return n
}

// Resolve finds the file p leads to, following symbolic links inside the root.
// It returns the node and its real path, or nil when there is none.
func (v *View) Resolve(p string) (*Node, string) { return v.find(p, true, false) }

// remove takes the path and what is below away.
func (v *View) remove(p string, by int) {
	dir, name := path.Split(p)
	parent, at := v.find(dir, true, false)
	if parent == nil {
		return
	}
	if child := parent.children[name]; child != nil {
		v.hide(child, path.Join(at, name), by)
		delete(parent.children, name)
	}
}

func (v *View) hideChildren(n *Node, at string, by int) {
	for name, child := range n.children {
		v.hide(child, path.Join(at, name), by)
	}
	n.children = nil
}

// hide records every file of a subtree as hidden.
func (v *View) hide(n *Node, at string, by int) {
	v.lastNode = nil
	if n.Entry != nil && n.Entry.Kind != Dir {
		v.hidden = append(v.hidden, hidden{entry: n.Entry, path: at, layer: n.Layer, by: by})
	}
	v.hideChildren(n, at, by)
}

// RemovedBy reports whether the file that layer put at p is hidden by a later
// layer, and by which.
func (v *View) RemovedBy(layer int, p string) (by int, removed bool) {
	if v.removedAt == nil {
		v.removedAt = map[place]int{}
		for _, h := range v.hidden {
			at := place{h.entry.Path, h.layer} // as that layer spelt it
			if _, ok := v.removedAt[at]; !ok && h.by != h.layer {
				v.removedAt[at] = h.by
			}
		}
	}
	by, removed = v.removedAt[place{path.Clean("/" + p), layer}]
	return by, removed
}

// Walk calls f for every entry of the view in order of paths.
func (v *View) Walk(f func(p string, n *Node)) { walkNode("/", v.root, f) }

func walkNode(at string, n *Node, f func(string, *Node)) {
	if n.Entry != nil {
		f(at, n)
	}
	for _, name := range n.names() {
		walkNode(path.Join(at, name), n.children[name], f)
	}
}

// names are those of the children, in order.
func (n *Node) names() []string {
	if len(n.children) == 0 {
		return nil
	}
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// form is what the node's file is to execve(2), as Facts.Form.
func (v *View) form(n *Node) (f *Form, known bool) {
	if n.Entry == nil || n.Entry.Kind != File {
		return nil, true
	}
	return v.facts[n.origin().layer].Form(n.Entry)
}
