package layer

import (
	"archive/tar"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// naive is a file system as a map of paths, which applies a layer the long way:
// as somebody would who has read the specification and nothing else.
type naive map[string]string // path -> what list says of it

// real follows links in every directory above p, by looking at one component
// after another; "" when there are too many, or a file is in the way.
func (n naive) real(p string) string {
	done := ""
	todo := strings.Split(strings.Trim(p, "/"), "/")
	for steps := 0; len(todo) > 1; {
		next := path.Clean(done + "/" + todo[0])
		what := n[next]
		switch {
		case strings.HasPrefix(what, "l"):
			if steps++; steps > 40 {
				return ""
			}
			link := what[strings.Index(what, "-> ")+3:]
			if strings.HasPrefix(link, "/") {
				done = ""
			}
			todo = append(strings.Split(strings.Trim(link, "/"), "/"), todo[1:]...)
			continue
		case what != "" && what[0] != 'd':
			return ""
		}
		done, todo = next, todo[1:]
		if done == "/" {
			done = ""
		}
	}
	return done + "/" + todo[0]
}

func (n naive) removeAll(p string, itself bool) {
	maps.DeleteFunc(n, func(q, _ string) bool { return strings.HasPrefix(q, p+"/") || (itself && q == p) })
}

func (n naive) apply(layer int, members []member) {
	for _, m := range members {
		dir, base := path.Split("/" + strings.TrimSuffix(m.Name, "/"))
		if base == ".wh..wh..opq" {
			if at := n.real(path.Clean(dir)); at != "" && !strings.HasPrefix(n[at], "l") {
				n.removeAll(at, false)
			}
		} else if gone, ok := strings.CutPrefix(base, ".wh."); ok {
			if at := n.real(dir + gone); at != "" {
				n.removeAll(at, true)
			}
		}
	}
	for _, m := range members {
		name := "/" + strings.TrimSuffix(m.Name, "/")
		if strings.HasPrefix(path.Base(name), ".wh.") {
			continue
		}
		at := n.real(name)
		if at == "" {
			continue
		}
		what := fmt.Sprintf("%c %%s %d", map[byte]byte{tar.TypeReg: 'f', tar.TypeDir: 'd', tar.TypeSymlink: 'l', tar.TypeLink: 'h'}[m.Typeflag], layer)
		switch m.Typeflag {
		case tar.TypeSymlink:
			what += " -> " + m.Linkname
		case tar.TypeLink:
			if target := n[n.real("/"+m.Linkname)]; target != "" && target[0] != 'd' {
				was := strings.SplitN(target, " ", 4)
				was[2] = fmt.Sprint(layer)
				what = strings.Join(was, " ")
			}
		case tar.TypeDir:
			if n[at] == "" || n[at][0] == 'd' {
				n[at] = what // what is in it stays
				continue
			}
		}
		n.removeAll(at, true)
		n[at] = what
	}
}

func (n naive) list() []string {
	var out []string
	for p, what := range n {
		out = append(out, strings.Replace(what, "%s", p, 1))
	}
	slices.Sort(out)
	return out
}

// randomLayer is a layer over a small set of names, so that everything meets
// everything. Directories have their entries, as builders write them.
func randomLayer(r *rand.Rand) []member {
	name := func() string {
		parts := make([]string, 1+r.IntN(3))
		for i := range parts {
			parts[i] = string(rune('a' + r.IntN(4)))
		}
		return strings.Join(parts, "/")
	}
	var out []member
	have := map[string]bool{}
	for range r.IntN(12) {
		p := name()
		var m member
		switch r.IntN(10) {
		case 0:
			m = whiteout(p)
		case 1:
			m = opaque(p)
		case 2:
			m = symlink(p, []string{"", "/", "../"}[r.IntN(3)]+name())
		case 3:
			m = hardlink(p, name())
		case 4, 5:
			m = dir(p)
		default:
			m = file(p, p)
		}
		if have[p] && (m.Typeflag == tar.TypeReg || m.Typeflag == tar.TypeSymlink || m.Typeflag == tar.TypeLink) {
			continue // one name, one entry
		}
		have[p] = true
		out = append(out, m)
	}
	return out
}

// TestFlatteningEqualsANaiveReference compares many small random images with
// the reference above.
func TestFlatteningEqualsANaiveReference(t *testing.T) {
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		reference := naive{}
		var layers [][]member
		for i := range 1 + r.IntN(4) {
			layers = append(layers, randomLayer(r))
			reference.apply(i, layers[i])
		}
		v, _ := imageOf(t, gate.Config{}, layers...)
		got := list(v)
		slices.Sort(got)
		if want := reference.list(); !slices.Equal(got, want) {
			for i, l := range layers {
				for _, m := range l {
					t.Logf("layer %d: %c %s %s", i, m.Typeflag, m.Name, m.Linkname)
				}
			}
			t.Fatalf("seed %d:\ngot  %q\nwant %q", seed, got, want)
		}
	}
}

// TestEveryHiddenFileIsInNoView checks, on the same images, what the report of
// hidden files says against the view.
func TestEveryHiddenFileIsInNoView(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		var layers [][]member
		for range 1 + r.IntN(4) {
			layers = append(layers, randomLayer(r))
		}
		v, c := imageOf(t, gate.Config{}, layers...)
		shown := map[*Entry]bool{}
		v.Walk(func(_ string, n *Node) { shown[n.Entry] = true })
		var bytes int64
		for _, h := range v.hidden {
			if shown[h.entry] {
				t.Fatalf("seed %d: %s of layer %d is hidden and shown", seed, h.path, h.layer)
			}
			if h.by < h.layer {
				t.Fatalf("seed %d: %s of layer %d is hidden by layer %d", seed, h.path, h.layer, h.by)
			}
			if h.entry.Kind == File && h.by > h.layer {
				bytes += h.entry.Size
			}
		}
		if c.Wasted.Bytes != bytes {
			t.Fatalf("seed %d: %d bytes wasted, want %d", seed, c.Wasted.Bytes, bytes)
		}
	}
}
