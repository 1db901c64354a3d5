package layer

import (
	"path"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxList bounds each list of files in a gate.Contents; Truncated names those
// that were cut.
const maxList = 1000

// Contents draws from the flattened view what checks read. Secrets and Unowned
// are left to the caller, who knows patterns and packages.
func Contents(facts []*Facts, v *View, config gate.Config, layers []gate.Descriptor) gate.Contents {
	g := &gatherer{view: v, c: gate.Contents{Complete: true, Layers: make([]gate.LayerEvidence, len(facts))}}
	g.c.Wasted = wasted(v, len(facts))
	for i, f := range facts {
		g.c.Layers[i] = gate.LayerEvidence{
			Index: i, Digest: layers[i].Digest, DiffID: f.DiffID, CreatedBy: config.CreatedBy(i),
			CompressedBytes: f.Compressed, UncompressedBytes: f.Uncompressed, Entries: len(f.Entries), Problem: f.Problem,
			Deletes: v.deleted[i], Wasted: g.c.Wasted.ByLayer[i],
		}
		if f.Problem != nil {
			g.c.Complete = false
		}
		g.layer(i, f)
	}
	for _, d := range v.Dangling {
		g.unsafe(gate.ArchiveProblem{Layer: d.Layer, Path: printable(d.Path), Reason: "hard link to a file that does not exist"})
	}
	g.tree("/", v.root, surroundings{})
	g.c.Shells = g.programs("shells", shells)
	g.c.PackageManagers = g.programs("packageManagers", packageManagers)
	g.c.Programs = g.kinds(config)
	g.c.PackageDatabases = packageDatabases(v)
	g.c.OSRelease = osRelease(v)
	g.c.User = resolveUser(v, config.User)
	g.c.Accounts = g.accounts()
	g.c.Command = g.command(config)
	g.hooks()
	g.remote()
	g.c.Trust = g.trust()
	g.c.Removed = removed(v)
	g.c.Class, g.c.ClassReasons = classify(v, &g.c)
	slices.Sort(g.c.Truncated)
	return g.c
}

type gatherer struct {
	view      *View
	c         gate.Contents
	entrances map[place]*Finding // built by access
}

// layer takes what counts in any layer, also where a later one hides it.
func (g *gatherer) layer(i int, f *Facts) {
	for _, u := range f.Unsafe {
		g.unsafe(gate.ArchiveProblem{Layer: i, Path: u.Path, Reason: u.Reason})
	}
	for _, list := range f.Cut {
		g.truncated(list)
	}
	g.secretFiles(i, f)
	sums := newSums()
	caches := newCacheSums()
	for j := range f.Entries {
		switch e := &f.Entries[j]; e.Kind {
		case File:
			sums.add(e)
			caches.add(e)
		case CharDevice, BlockDevice, FIFO:
			g.special(e, i)
		}
	}
	l := &g.c.Layers[i]
	l.Files, l.Bytes, l.Adds = sums.files, sums.bytes, sums.largest()
	g.caches(i, caches)
}

func (g *gatherer) special(e *Entry, layer int) {
	file := toFile(e.Path, e, layer)
	file.Target = ""
	switch {
	case e.Kind == FIFO:
		file.Detail = "FIFO"
	case e.Kind == BlockDevice:
		file.Detail = "block device " + e.Link
	case e.Link == "0:0":
		file.Detail = "overlay whiteout (character device 0:0) that a broken exporter left"
	default:
		file.Detail = "character device " + e.Link
	}
	g.add("special", &g.c.Special, file)
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
func (g *gatherer) entry(at, name string, n *Node) {
	e := n.Entry
	switch e.Kind {
	case File:
		g.c.Files++
		g.c.Bytes += e.Size
		if e.Exec {
			g.c.Executables++
		}
		if e.Mode&(ModeSetuid|ModeSetgid) != 0 {
			g.add("setuid", &g.c.Setuid, toFile(path.Join(at, name), e, n.Layer))
		}
		if names := capabilities(e.Caps); names != "" {
			f := toFile(path.Join(at, name), e, n.Layer)
			f.Detail = names
			g.add("capabilities", &g.c.Capabilities, f)
		}
	case Dir:
	default:
		return // links have mode 0777 and no rights of their own
	}
	if e.Mode&0o002 != 0 && e.Mode&ModeSticky == 0 {
		g.add("worldWritable", &g.c.WorldWritable, toFile(path.Join(at, name), e, n.Layer))
	}
}

func toFile(p string, e *Entry, layer int) gate.File {
	return gate.File{Path: printable(p), Layer: layer, Mode: e.Mode, UID: int(e.UID), GID: int(e.GID), Size: e.Size, Target: printable(e.Link)}
}
