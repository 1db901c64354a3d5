package layer

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// databaseFiles are where package managers keep what they installed. A trailing
// slash means every file of that directory.
var databaseFiles = []string{
	"/var/lib/dpkg/status", "/var/lib/dpkg/status.d/", "/usr/lib/opkg/status",
	"/lib/apk/db/installed", "/usr/lib/apk/db/installed",
	"/var/lib/rpm/Packages", "/var/lib/rpm/Packages.db", "/var/lib/rpm/rpmdb.sqlite",
	"/usr/lib/sysimage/rpm/Packages", "/usr/lib/sysimage/rpm/Packages.db", "/usr/lib/sysimage/rpm/rpmdb.sqlite",
	"/var/lib/rpmmanifest/container-manifest-2",
}

var releaseFiles = []string{"/etc/os-release", "/usr/lib/os-release"}

// isDatabase reports whether p is a package database file.
func isDatabase(p string) bool {
	return slices.ContainsFunc(databaseFiles, func(d string) bool {
		return p == d || (strings.HasSuffix(d, "/") && strings.HasPrefix(p, d) && !strings.HasSuffix(p, ".md5sums"))
	})
}

// packageDatabases lists those of the view, directories once.
func packageDatabases(v *View) []string {
	var found []string
	for _, d := range databaseFiles {
		n, at := v.Resolve(d)
		if n == nil || slices.Contains(found, at) || (n.Entry != nil && n.Entry.Kind == File && n.origin().empty) {
			continue
		}
		if strings.HasSuffix(d, "/") && len(n.children) == 0 {
			continue
		}
		found = append(found, at)
	}
	return found
}

// shrunk is how much smaller a database must have become to count as emptied:
// removing packages takes a part of it, never most.
const shrunk = 20

// removed lists package databases and release files that a later layer took
// away, emptied or replaced by something else.
func removed(v *View) []gate.RemovedMetadata {
	var out []gate.RemovedMetadata
	for _, h := range v.hidden {
		database := isDatabase(h.path)
		if !database && !slices.Contains(releaseFiles, h.path) {
			continue
		}
		if h.entry.Kind == File && h.entry.Size == 0 {
			continue // nothing was lost
		}
		change := ""
		now, _ := v.Resolve(h.path)
		switch {
		case now == nil || now.Entry == nil:
			change = "deleted"
		case now.Entry.Kind != File || h.entry.Kind != File:
			if !database {
				continue // a release file may become a link and back
			}
			change = "replaced"
		case now.Entry.Size < h.entry.Size/shrunk:
			change = "emptied"
		default:
			continue // an update, as package managers make it
		}
		out = append(out, gate.RemovedMetadata{Path: printable(h.path), Layer: h.layer, RemovedBy: h.by, Change: change})
	}
	slices.SortFunc(out, func(a, b gate.RemovedMetadata) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), a.Layer-b.Layer)
	})
	if len(out) > maxList {
		out = out[:maxList]
	}
	return out
}

// maxWaste is how many paths the report of wasted bytes names.
const maxWaste = 50

// wasted adds up files that are pulled and never seen.
func wasted(v *View, layers int) gate.Wasted {
	w := gate.Wasted{ByLayer: make([]int64, layers)}
	paths := map[string]*gate.WastePath{}
	largest := map[string]int64{}
	for _, h := range v.hidden {
		if h.entry.Kind != File || h.entry.Size == 0 || h.layer == h.by {
			continue
		}
		w.Bytes += h.entry.Size
		w.ByLayer[h.layer] += h.entry.Size
		p := paths[h.path]
		if p == nil {
			p = &gate.WastePath{Path: printable(h.path)}
			paths[h.path] = p
		}
		p.Bytes += h.entry.Size
		p.Copies++
		if h.entry.Size > largest[h.path] {
			largest[h.path], p.Layer = h.entry.Size, h.layer
		}
	}
	for _, p := range paths {
		w.Paths = append(w.Paths, *p)
	}
	slices.SortFunc(w.Paths, func(a, b gate.WastePath) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	if len(w.Paths) > maxWaste {
		w.Paths = w.Paths[:maxWaste]
	}
	return w
}

var compilers = []string{"gcc", "g++", "cc", "clang", "go", "rustc", "javac", "ld", "make"}

// fullPackages is how many packages a slim image may have.
const fullPackages = 150

// classify says how minimal the image is, and why.
func classify(v *View, c *gate.Contents) (gate.Class, []string) {
	var reasons []string
	say := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if len(c.Shells) > 0 {
		say("shell %s", c.Shells[0].Path)
	}
	if len(c.PackageManagers) > 0 {
		say("package manager %s", c.PackageManagers[0].Path)
	}
	if len(c.PackageDatabases) > 0 {
		say("package records %s", c.PackageDatabases[0])
	}
	if len(c.Shells) > 0 || len(c.PackageManagers) > 0 {
		packages := 0
		if n, _ := v.Resolve("/var/lib/dpkg/info"); n != nil {
			for name := range n.children {
				if strings.HasSuffix(name, ".list") {
					packages++
				}
			}
		}
		for _, dir := range programDirs {
			for _, name := range compilers {
				if n, at := v.Resolve(path.Join(dir, name)); n != nil && n.Entry != nil && n.Entry.Kind == File && n.Entry.Exec {
					say("build tool %s", at)
					return gate.ClassFull, reasons
				}
			}
		}
		if packages > fullPackages {
			say("%d packages", packages)
			return gate.ClassFull, reasons
		}
		return gate.ClassSlim, reasons
	}
	say("no shell, no package manager")
	if libc := findLibc(v); libc != "" {
		say("C library %s", libc)
		return gate.ClassDistroless, reasons
	}
	if c.OSRelease == nil && len(c.PackageDatabases) == 0 {
		say("no distribution")
		return gate.ClassScratch, reasons
	}
	say("no C library")
	return gate.ClassStatic, reasons
}

// findLibc looks for a C library or its loader.
func findLibc(v *View) string {
	for _, dir := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"} {
		n, at := v.Resolve(dir)
		if n == nil {
			continue
		}
		names := make([]string, 0, len(n.children))
		for name := range n.children {
			if strings.HasPrefix(name, "libc.so") || strings.HasPrefix(name, "ld-musl-") || strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "libc.musl-") {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			return path.Join(at, names[0])
		}
	}
	return ""
}
