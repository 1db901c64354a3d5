package layer

import (
	"path"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// The kinds of Contents.Hooks.
const (
	hookPreload = "ld.so.preload"
	hookCron    = "cron"
	hookSystemd = "systemd unit"
	hookInit    = "init script"
)

// hookDirs are directories whose files run by themselves.
var hookDirs = []struct {
	path string
	kind string
	deep bool // subdirectories as well
	ends string
	runs bool // only what may be executed
}{
	{path: "/etc/cron.d", kind: hookCron},
	{path: "/etc/cron.hourly", kind: hookCron, runs: true},
	{path: "/etc/cron.daily", kind: hookCron, runs: true},
	{path: "/etc/cron.weekly", kind: hookCron, runs: true},
	{path: "/etc/cron.monthly", kind: hookCron, runs: true},
	{path: "/etc/periodic", kind: hookCron, deep: true, runs: true}, // Alpine's
	{path: "/var/spool/cron", kind: hookCron, deep: true},
	{path: "/etc/crontabs", kind: hookCron},
	{path: "/etc/systemd/system", kind: hookSystemd, deep: true},
	{path: "/usr/lib/systemd/system", kind: hookSystemd, ends: ".service"},
	{path: "/lib/systemd/system", kind: hookSystemd, ends: ".service"},
	{path: "/etc/init.d", kind: hookInit, runs: true},
}

// hooks lists what runs by itself once something reads it.
func (g *gatherer) hooks() {
	for _, f := range []struct{ path, kind string }{{"/etc/ld.so.preload", hookPreload}, {"/etc/crontab", hookCron}} {
		if n, at := g.view.Resolve(f.path); n != nil && n.Entry != nil && n.Entry.Kind == File && !n.origin().empty {
			g.hook(at, n, f.kind)
		}
	}
	seen := map[string]bool{}
	for _, d := range hookDirs {
		n, at := g.view.Resolve(d.path)
		if n == nil || seen[at] {
			continue
		}
		seen[at] = true
		g.below(at, n, d.deep, func(p string, n *Node) {
			switch name := path.Base(p); {
			case !strings.HasSuffix(name, d.ends), strings.HasPrefix(name, "."):
				return // Debian's .placeholder keeps a directory
			case g.leadsToDirectory(p, n): // as Alpine's /var/spool/cron/crontabs does
				return
			case n.Entry.Kind == File && n.origin().empty, d.runs && n.Entry.Kind == File && n.Entry.Mode&0o111 == 0:
				return
			}
			g.hook(p, n, d.kind)
		})
	}
}

// leadsToDirectory is true of a link to a directory.
func (g *gatherer) leadsToDirectory(p string, n *Node) bool {
	if n.Entry.Kind != Symlink {
		return false
	}
	to, _ := g.view.Resolve(p)
	return to != nil && (to.Entry == nil || to.Entry.Kind == Dir)
}

func (g *gatherer) hook(p string, n *Node, kind string) {
	f := toFile(p, n.Entry, n.Layer)
	f.Detail = kind
	g.add("hooks", &g.c.Hooks, f)
}

// below calls f for the files and symbolic links of a directory, in order.
func (g *gatherer) below(at string, n *Node, deep bool, f func(p string, n *Node)) {
	for _, name := range n.names() {
		child, p := n.children[name], path.Join(at, name)
		if e := child.Entry; e != nil && (e.Kind == File || e.Kind == Symlink) {
			f(p, child)
		}
		if deep && child.children != nil {
			g.below(p, child, deep, f)
		}
	}
}

// sockets are how container runtimes are told what to do.
var sockets = []string{
	"/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock", "/run/crio/crio.sock",
	"/var/run/crio/crio.sock", "/run/podman/podman.sock", "/var/run/podman/podman.sock", "/run/k3s/containerd/containerd.sock",
}

// remote lists what lets somebody in; authorized keys are found by tree.
func (g *gatherer) remote() {
	add := func(p string, n *Node, kind string) {
		f := toFile(p, n.Entry, n.Layer)
		f.Detail = kind
		g.add("remote", &g.c.Remote, f)
	}
	list := func(dir string, deep bool, kind string, wants func(name string, n *Node) bool) {
		if n, at := g.view.Resolve(dir); n != nil {
			g.below(at, n, deep, func(p string, n *Node) {
				if wants(path.Base(p), n) {
					add(p, n, kind)
				}
			})
		}
	}
	filled := func(n *Node) bool { return n.Entry.Kind == File && !n.origin().empty }
	list("/etc/ssh", false, gate.RemoteHostKey, func(name string, n *Node) bool {
		return filled(n) && strings.HasPrefix(name, "ssh_host_") && strings.HasSuffix(name, "_key")
	})
	list("/etc/dropbear", false, gate.RemoteHostKey, func(name string, n *Node) bool {
		return filled(n) && strings.HasPrefix(name, "dropbear_") && strings.HasSuffix(name, "_host_key")
	})
	seen := map[*Node]bool{}
	for _, p := range sockets {
		// Docker makes a directory where a mount's source is missing.
		if n := g.view.Lookup(p); n != nil && n.Entry != nil && n.Entry.Kind != Dir && !seen[n] {
			seen[n] = true
			_, dir := g.view.Resolve(path.Dir(p))
			add(path.Join(dir, path.Base(p)), n, gate.RemoteDockerSocket)
		}
	}
	list("/var/lib/kubelet", true, gate.RemoteKubelet, func(_ string, n *Node) bool { return filled(n) })
	list("/etc/kubernetes", false, gate.RemoteKubelet, func(name string, n *Node) bool { return filled(n) && strings.HasSuffix(name, ".conf") })
	freely := func(_ string, n *Node) bool {
		f := g.access(n)
		return n.Entry.Kind == File && f != nil && f.Kind == gate.RemoteSudoNoPassword
	}
	if n, at := g.view.Resolve("/etc/sudoers"); n != nil && n.Entry != nil && freely("", n) {
		add(at, n, gate.RemoteSudoNoPassword)
	}
	list("/etc/sudoers.d", false, gate.RemoteSudoNoPassword, freely)
}

// authorizedKeys lists the keys that may log in by SSH.
func (g *gatherer) authorizedKeys(at, name string, n *Node) {
	dir := path.Base(at)
	if dir != ".ssh" && at != "/etc/dropbear" && at != "/etc/ssh" {
		return // no server reads it there
	}
	if f := g.access(n); f != nil && f.Kind == gate.RemoteAuthorizedKeys {
		file := toFile(path.Join(at, name), n.Entry, n.Layer)
		file.Detail = gate.RemoteAuthorizedKeys
		g.add("remote", &g.c.Remote, file)
	}
}
