package layer

import (
	"path"
	"slices"
	"strings"
)

// View is the file system of an image as a runtime would mount it.
type View struct {
	root   *Node
	facts  []*Facts
	hidden []hidden
	// Dangling are hard links whose target does not exist when they are
	// made.
	Dangling []Dangling

	removedAt map[place]int // built by RemovedBy
}

// Node is one path of the view. Implied directories have no Entry.
type Node struct {
	Entry    *Entry
	Layer    int // that brought the entry
	children map[string]*Node
}

// hidden is a file that a later layer replaced or deleted.
type hidden struct {
	entry     *Entry
	path      string
	layer, by int
	replaced  bool // by another regular file of the same path
}

type place struct {
	path  string
	layer int
}

// Dangling is a hard link to nothing.
type Dangling struct {
	Path  string
	Layer int
}

// Flatten applies layers in order, base first.
func Flatten(facts []*Facts) *View {
	v := &View{root: &Node{Layer: -1}, facts: facts}
	for i, f := range facts {
		// Deletions first: they concern lower layers only, wherever they
		// stand in the archive (OCI image-spec, layer.md).
		for j := range f.Entries {
			switch e := &f.Entries[j]; e.Kind {
			case Whiteout:
				v.remove(e.Path, i)
			case Opaque:
				if n, _ := v.resolve(e.Path, 0); n != nil {
					v.hideChildren(n, e.Path, i)
				}
			}
		}
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
	parent := v.mkdir(dir)
	if parent == nil {
		return // below a file, or a loop of links: nothing a runtime could reach
	}
	if e.Kind == Hardlink {
		if target, _ := v.resolve(e.Link, 0); target == nil || target.Entry == nil {
			v.Dangling = append(v.Dangling, Dangling{Path: e.Path, Layer: layer})
		} else {
			linked := *target.Entry
			linked.Path, linked.Size = e.Path, 0 // its bytes count once
			e = &linked
		}
	}
	if old := parent.children[name]; old != nil {
		if e.Kind == Dir && (old.Entry == nil || old.Entry.Kind == Dir) {
			old.Entry, old.Layer = e, layer
			return
		}
		v.hide(old, e.Path, layer, e.Kind == File)
	}
	if parent.children == nil {
		parent.children = map[string]*Node{}
	}
	parent.children[name] = &Node{Entry: e, Layer: layer}
}

// maxLinks bounds how many symbolic links one look-up follows, as Linux does.
const maxLinks = 40

// mkdir returns the directory node for dir, made where it is missing; nil when
// the path runs through a file or too many links.
func (v *View) mkdir(dir string) *Node {
	n, at := v.root, "/"
	links := 0
	parts := split(dir)
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		child := n.children[part]
		if child == nil {
			child = &Node{Layer: -1}
			if n.children == nil {
				n.children = map[string]*Node{}
			}
			n.children[part] = child
		}
		switch {
		case child.Entry == nil || child.Entry.Kind == Dir:
			n, at = child, path.Join(at, part)
		case child.Entry.Kind == Symlink:
			if links++; links > maxLinks {
				return nil
			}
			parts = append(split(target(at, child.Entry.Link)), parts...)
			n, at = v.root, "/"
		default:
			return nil
		}
	}
	return n
}

// target is a symbolic link's target as a path from the root, which it cannot
// leave.
func target(dir, link string) string {
	if strings.HasPrefix(link, "/") {
		return path.Clean(link)
	}
	return path.Join("/", dir, link)
}

func split(p string) []string {
	p = strings.Trim(path.Clean("/"+p), "/")
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

// resolve finds the node at p; parents that are links are followed. It returns
// the node and the path where it really lies, or nil.
func (v *View) resolve(p string, links int) (*Node, string) {
	n, at := v.root, "/"
	parts := split(p)
	for i, part := range parts {
		child := n.children[part]
		if child == nil {
			return nil, ""
		}
		if i < len(parts)-1 && child.Entry != nil && child.Entry.Kind == Symlink {
			if links++; links > maxLinks {
				return nil, ""
			}
			rest := path.Join(parts[i+1:]...)
			return v.resolve(path.Join(target(at, child.Entry.Link), rest), links)
		}
		n, at = child, path.Join(at, part)
	}
	return n, at
}

// Lookup finds the node at p without following p itself if it is a link.
func (v *View) Lookup(p string) *Node {
	n, _ := v.resolve(p, 0)
	return n
}

// Resolve finds the file p leads to, following symbolic links inside the root.
// It returns the node and its real path, or nil when there is none.
func (v *View) Resolve(p string) (*Node, string) {
	for range maxLinks {
		n, at := v.resolve(p, 0)
		if n == nil || n.Entry == nil || n.Entry.Kind != Symlink {
			return n, at
		}
		p = target(path.Dir(at), n.Entry.Link)
	}
	return nil, ""
}

// remove takes the path and what is below away.
func (v *View) remove(p string, by int) {
	dir, name := path.Split(p)
	parent, at := v.resolve(dir, 0)
	if parent != nil && parent.Entry != nil && parent.Entry.Kind == Symlink {
		parent, at = v.Resolve(at)
	}
	if parent == nil {
		return
	}
	if child := parent.children[name]; child != nil {
		v.hide(child, path.Join(at, name), by, false)
		delete(parent.children, name)
	}
}

func (v *View) hideChildren(n *Node, at string, by int) {
	for name, child := range n.children {
		v.hide(child, path.Join(at, name), by, false)
	}
	n.children = nil
}

// hide records every file of a subtree as hidden.
func (v *View) hide(n *Node, at string, by int, replaced bool) {
	if n.Entry != nil && n.Entry.Kind != Dir {
		v.hidden = append(v.hidden, hidden{entry: n.Entry, path: at, layer: n.Layer, by: by, replaced: replaced})
	}
	v.hideChildren(n, at, by)
}

// RemovedBy reports whether the file that layer put at p is hidden by a later
// layer, and by which.
func (v *View) RemovedBy(layer int, p string) (by int, removed bool) {
	if v.removedAt == nil {
		v.removedAt = map[place]int{}
		for _, h := range v.hidden {
			at := place{h.path, h.layer}
			if _, ok := v.removedAt[at]; !ok {
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
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		walkNode(path.Join(at, name), n.children[name], f)
	}
}
