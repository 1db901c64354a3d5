package layer

import (
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxList bounds each list of files in a gate.Contents; Truncated names those
// that were cut.
const maxList = 1000

// Contents draws from the flattened view what checks read. Secrets are left to
// the caller, who scans for them.
func Contents(facts []*Facts, v *View, config gate.Config, layers []gate.Descriptor) gate.Contents {
	c := &gatherer{view: v, c: gate.Contents{Complete: true, Layers: make([]gate.LayerEvidence, len(facts))}}
	for i, f := range facts {
		l := gate.LayerEvidence{
			Index: i, Digest: layers[i].Digest, DiffID: f.DiffID, CreatedBy: config.CreatedBy(i),
			CompressedBytes: f.Compressed, UncompressedBytes: f.Uncompressed, Entries: len(f.Entries), Problem: f.Problem,
		}
		if f.Problem != nil {
			c.c.Complete = false
		}
		c.c.Layers[i] = l
		c.layer(i, f)
	}
	for _, d := range v.Dangling {
		c.unsafe(gate.ArchiveProblem{Layer: d.Layer, Path: printable(d.Path), Reason: "hard link to a file that does not exist"})
	}
	v.Walk(c.entry)
	c.c.Shells = c.programs("shells", shells)
	c.c.PackageManagers = c.programs("packageManagers", packageManagers)
	c.c.PackageDatabases = packageDatabases(v)
	c.c.OSRelease = osRelease(v)
	c.c.User = resolveUser(v, config.User)
	c.c.Removed = removed(v)
	c.c.Wasted = wasted(v, len(facts))
	c.c.Class, c.c.ClassReasons = classify(v, &c.c)
	slices.Sort(c.c.Truncated)
	return c.c
}

type gatherer struct {
	view *View
	c    gate.Contents
}

// layer takes what counts in any layer, also where a later one hides it.
func (g *gatherer) layer(i int, f *Facts) {
	for _, u := range f.Unsafe {
		g.unsafe(gate.ArchiveProblem{Layer: i, Path: u.Path, Reason: u.Reason})
	}
	for j := range f.Entries {
		e := &f.Entries[j]
		kind := ""
		switch e.Kind {
		case CharDevice:
			kind = "character device "
		case BlockDevice:
			kind = "block device "
		case FIFO:
			kind = "FIFO"
		default:
			continue
		}
		file := toFile(e.Path, e, i)
		file.Target, file.Detail = "", strings.TrimSpace(kind+e.Link)
		if e.Kind == CharDevice && e.Link == "0:0" {
			file.Detail = "overlay whiteout (character device 0:0) that a broken exporter left"
		}
		g.add("special", &g.c.Special, file)
	}
}

func (g *gatherer) unsafe(p gate.ArchiveProblem) {
	if len(g.c.Unsafe) >= maxList {
		g.truncated("unsafe")
		return
	}
	g.c.Unsafe = append(g.c.Unsafe, p)
}

func (g *gatherer) truncated(list string) {
	if !slices.Contains(g.c.Truncated, list) {
		g.c.Truncated = append(g.c.Truncated, list)
	}
}

func (g *gatherer) add(name string, list *[]gate.File, f gate.File) {
	if len(*list) >= maxList {
		g.truncated(name)
		return
	}
	*list = append(*list, f)
}

// entry takes what counts in the flattened view.
func (g *gatherer) entry(p string, n *Node) {
	e := n.Entry
	switch e.Kind {
	case File:
		g.c.Files++
		g.c.Bytes += e.Size
		if e.Exec {
			g.c.Executables++
		}
		if e.Mode&(ModeSetuid|ModeSetgid) != 0 {
			g.add("setuid", &g.c.Setuid, toFile(p, e, n.Layer))
		}
		if names := capabilities(e.Caps); names != "" {
			f := toFile(p, e, n.Layer)
			f.Detail = names
			g.add("capabilities", &g.c.Capabilities, f)
		}
	case Dir:
	default:
		return // links have mode 0777 and no rights of their own
	}
	if e.Mode&0o002 != 0 && e.Mode&ModeSticky == 0 {
		g.add("worldWritable", &g.c.WorldWritable, toFile(p, e, n.Layer))
	}
}

func toFile(p string, e *Entry, layer int) gate.File {
	return gate.File{Path: printable(p), Layer: layer, Mode: e.Mode, UID: e.UID, GID: e.GID, Size: e.Size, Target: printable(e.Link)}
}

// programDirs are where a shell would look, and where distroless debug images
// keep busybox.
var programDirs = []string{"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/busybox", "/opt/bin"}

var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox", "toybox", "pwsh"}

var packageManagers = []string{
	"apt", "apt-get", "aptitude", "dpkg", "apk", "rpm", "dnf", "dnf5", "microdnf", "yum", "tdnf", "zypper", "pacman", "opkg", "nix-env", "nix", "emerge", "xbps-install", "brew", "swupd",
}

// programs finds executables by name, through symbolic and hard links and
// merged directories. One that several paths lead to is listed once.
func (g *gatherer) programs(list string, names []string) []gate.File {
	var found []gate.File
	seen := map[string]bool{}
	for _, dir := range programDirs {
		_, real := g.view.Resolve(dir)
		if real == "" {
			continue
		}
		for _, name := range names {
			p := path.Join(real, name)
			if seen[p] {
				continue
			}
			seen[p] = true
			n, at := g.view.Resolve(p)
			if n == nil || n.Entry == nil || n.Entry.Kind != File || n.Entry.Mode&0o111 == 0 {
				continue
			}
			layer := n.Layer
			if l := g.view.Lookup(p); l != nil && l.Layer > layer {
				layer = l.Layer // the link is what brought the name
			}
			f := toFile(p, n.Entry, layer)
			f.Target = ""
			if at != p {
				f.Target = printable(at)
			}
			g.add(list, &found, f)
		}
	}
	return found
}
