package layer

import (
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// programDirs are where a shell would look, and where distroless debug images
// keep busybox.
var programDirs = []string{"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/busybox", "/opt/bin"}

// moreDirs hold programs that checks ask about and no shell: toolchains by
// their own habits, and system daemons that nobody starts by hand.
var moreDirs = []string{"/usr/local/go/bin", "/usr/local/cargo/bin", "/root/.cargo/bin", "/lib/systemd", "/usr/lib/systemd", "/usr/lib/postfix/sbin", "/usr/libexec/postfix"}

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
			if f, ok := g.program(p); ok {
				g.add(list, &found, f)
			}
		}
	}
	return found
}

// program is the executable at p, a path without links above its last part.
func (g *gatherer) program(p string) (gate.File, bool) {
	n, at := g.view.Resolve(p)
	if !executable(n) {
		return gate.File{}, false
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
	return f, true
}

// maxProgramDirs bounds the directories of PATH that are looked into.
const maxProgramDirs = 32

// kinds finds the programs of the kinds checks ask about, in the directories of
// programs, of toolchains and of the image's own PATH. A name with a version is
// left out where the name without it leads to the same file.
func (g *gatherer) kinds(config gate.Config) []gate.Program {
	dirs := append(append([]string{}, programDirs...), moreDirs...)
	own, _ := searchPath(config.Env)
	for _, dir := range own[:min(len(own), maxProgramDirs)] {
		if strings.HasPrefix(dir, "/") {
			dirs = append(dirs, dir)
		}
	}
	var found []gate.Program
	seen := map[string]bool{}
	type known struct {
		kind gate.ProgramKind
		at   string
	}
	files := map[known]bool{}
	for _, dir := range dirs {
		n, real := g.view.Resolve(dir)
		if n == nil || seen[real] {
			continue
		}
		seen[real] = true
		for _, name := range n.names() {
			kind, exact := programKind(name)
			if kind == "" {
				continue
			}
			f, ok := g.program(path.Join(real, name))
			if !ok {
				continue
			}
			file := known{kind, f.Target}
			if f.Target == "" {
				file.at = f.Path
			}
			if !exact && files[file] {
				continue
			}
			files[file] = true
			if len(found) >= maxList {
				g.truncated("programs")
				return found
			}
			found = append(found, gate.Program{Kind: kind, File: f})
		}
	}
	return found
}
