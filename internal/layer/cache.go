package layer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// cachePlaces are directories in which package managers leave what they no
// longer need: from the root, or below any directory where the path begins
// without a slash. They are looked up by their first name.
var cachePlaces = func() map[string][]cachePlace {
	places := map[string][]cachePlace{}
	for _, c := range []cachePlace{
		{"apt", "/var/lib/apt/lists"}, {"apt", "/var/cache/apt"}, {"apk", "/var/cache/apk"}, {"apk", "/etc/apk/cache"}, {"apk", "/lib/apk/cache"},
		{"yum", "/var/cache/yum"}, {"dnf", "/var/cache/dnf"}, {"dnf", "/var/cache/libdnf5"}, {"dnf", "/var/cache/tdnf"}, {"zypp", "/var/cache/zypp"},
		{"pacman", "/var/cache/pacman"}, {"opkg", "/var/opkg-lists"},
		{"pip", ".cache/pip"}, {"pip", ".cache/uv"}, {"pip", ".cache/pypoetry"}, {"conda", "conda/pkgs"}, {"conda", "miniconda3/pkgs"},
		{"npm", ".npm/_cacache"}, {"npm", ".npm/_npx"}, {"yarn", ".cache/yarn"}, {"yarn", ".yarn/berry/cache"}, {"pnpm", ".pnpm-store"},
		{"pnpm", ".local/share/pnpm/store"}, {"go-build", ".cache/go-build"}, {"cargo", ".cargo/registry"}, {"cargo", "/usr/local/cargo/registry"},
		{"composer", ".composer/cache"}, {"composer", ".cache/composer"}, {"gem", "/usr/local/bundle/cache"}, {"gem", ".bundle/cache"},
		{"maven", ".m2/repository"}, {"gradle", ".gradle/caches"}, {"nuget", ".nuget/packages"},
	} {
		first, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
		places[first] = append(places[first], c)
	}
	return places
}()

type cachePlace struct{ kind, path string }

// cacheOf finds the cache that a directory is part of.
func cacheOf(dir string) (kind, root string) {
	for at := 1; at < len(dir); {
		end := strings.IndexByte(dir[at:], '/')
		if end < 0 {
			end = len(dir) - at
		}
		for _, c := range cachePlaces[dir[at:at+end]] {
			p, rooted := strings.CutPrefix(c.path, "/")
			if rooted && at > 1 {
				continue
			}
			if rest, ok := strings.CutPrefix(dir[at:], p); ok && (rest == "" || rest[0] == '/') {
				return c.kind, dir[:at+len(p)]
			}
		}
		if dir[at:at+end] == "cache" && strings.Contains(dir[:at], "/gems/") && gemCache(dir[:at+end]) {
			return "gem", dir[:at+end]
		}
		at += end + 1
	}
	return "", ""
}

// gemCache is true of /usr/lib/ruby/gems/3.1.0/cache and its like.
func gemCache(dir string) bool {
	parts := strings.Split(dir, "/")
	n := len(parts)
	return n >= 4 && parts[n-3] == "gems" && parts[n-4] == "ruby"
}

// cacheSums adds up the caches of one layer.
type cacheSums struct {
	dir  string // the last entry's
	sum  *gate.Cache
	sums map[string]*gate.Cache // by root
	cut  bool
}

func newCacheSums() *cacheSums { return &cacheSums{sums: map[string]*gate.Cache{}} }

// add counts a file; empty ones, like locks, are no waste.
func (c *cacheSums) add(e *Entry) {
	if e.Size == 0 {
		return
	}
	if dir := parent(e.Path); dir != c.dir {
		c.dir, c.sum = dir, c.find(dir)
	}
	if c.sum != nil {
		c.sum.Files++
		c.sum.Bytes += e.Size
	}
}

func (c *cacheSums) find(dir string) *gate.Cache {
	kind, root := cacheOf(dir)
	if kind == "" {
		return nil
	}
	s := c.sums[root]
	if s == nil {
		if len(c.sums) >= maxList {
			c.cut = true
			return nil
		}
		s = &gate.Cache{Kind: kind, Path: root}
		c.sums[root] = s
	}
	return s
}

// caches lists those of one layer, largest first.
func (g *gatherer) caches(layer int, c *cacheSums) {
	found := make([]gate.Cache, 0, len(c.sums))
	for _, s := range c.sums {
		s.Layer, s.Path = layer, printable(s.Path)
		found = append(found, *s)
	}
	slices.SortFunc(found, func(a, b gate.Cache) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	if room := maxList - len(g.c.Caches); len(found) > room {
		found, c.cut = found[:room], true
	}
	if c.cut {
		g.truncated("caches")
	}
	g.c.Caches = append(g.c.Caches, found...)
}
