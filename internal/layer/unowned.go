package layer

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxUnowned is how many unowned files the report names.
const maxUnowned = 50

// MarkUnowned fills Contents.Unowned: the ELF programs and shared libraries of
// the flattened view for which owned is false. owned is asked with the layer
// that holds the file and a path; one file may be asked for under several
// spellings, because packages list /lib/x where merged directories have
// /usr/lib/x, and one true is enough. Programs whose build information says
// what is in them should be owned too.
func MarkUnowned(c *gate.Contents, v *View, owned func(layer int, path string) bool) {
	u := &gate.Unowned{}
	v.Walk(func(p string, n *Node) {
		f, _ := v.form(n)
		if f == nil || !f.Linked || v.ownedBySomeName(p, n, owned) {
			return
		}
		u.Count++
		file := toFile(p, n.Entry, n.Layer)
		if n.from != nil {
			file.Target = printable(n.from.path) // its bytes are counted there
		}
		if f.Packed {
			if len(u.Packed) < maxList {
				u.Packed = append(u.Packed, file)
			} else if !slices.Contains(c.Truncated, "unowned") {
				c.Truncated = append(c.Truncated, "unowned")
				slices.Sort(c.Truncated)
			}
		}
		u.Files = largestFirst(u.Files, file)
	})
	c.Unowned = u
}

// ownedBySomeName asks for the path of the view, for that of the archive, and
// for the one without /usr that leads to the same file.
func (v *View) ownedBySomeName(p string, n *Node, owned func(layer int, path string) bool) bool {
	from := n.origin()
	if owned(n.Layer, p) || from.path != p && owned(from.layer, from.path) {
		return true
	}
	if short, ok := strings.CutPrefix(p, "/usr/"); ok {
		if same, _ := v.find(path.Join("/", short), true, false); same == n {
			return owned(n.Layer, "/"+short)
		}
	}
	return false
}

// largestFirst adds a file to the largest so far.
func largestFirst(files []gate.File, f gate.File) []gate.File {
	at, _ := slices.BinarySearchFunc(files, f, func(a, b gate.File) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	if at >= maxUnowned {
		return files
	}
	return slices.Insert(files, at, f)[:min(len(files)+1, maxUnowned)]
}
