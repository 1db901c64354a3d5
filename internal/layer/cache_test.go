package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWhatPackageManagersLeaveBehind(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   []string // kind, path, layer, files and bytes
	}{
		{"apt's lists and archives", [][]member{{file("var/lib/apt/lists/deb_Packages", "12345"), file("var/lib/apt/lists/partial/x", "1"), file("var/lib/apt/lists/lock", ""), file("var/cache/apt/archives/a.deb", "123")}},
			[]string{"apt /var/lib/apt/lists 0 2 6", "apt /var/cache/apt 0 1 3"}},
		{"in a layer whose files a later one deletes", [][]member{{file("var/cache/apk/APKINDEX.tar.gz", "1234")}, {whiteout("var/cache/apk")}}, []string{"apk /var/cache/apk 0 1 4"}},
		{"in every layer by itself", [][]member{{file("root/.npm/_cacache/a", "1")}, {file("root/.npm/_cacache/b", "22")}}, []string{"npm /root/.npm/_cacache 0 1 1", "npm /root/.npm/_cacache 1 1 2"}},
		{"the largest first, and files of one directory apart", [][]member{{file("home/a/.cache/pip/http/x", "1"), file("home/a/x", "1"), file("home/a/.cache/go-build/00/x", "333"), file("home/a/.cache/pip/http/y", "1")}},
			[]string{"go-build /home/a/.cache/go-build 0 1 3", "pip /home/a/.cache/pip 0 2 2"}},
		{"of a language's registry", [][]member{{file("usr/local/cargo/registry/cache/x.crate", "1"), file("srv/.m2/repository/a.jar", "1"), file("root/.composer/cache/x", "1"), file("usr/lib/ruby/gems/3.1.0/cache/x.gem", "1")}},
			[]string{"composer /root/.composer/cache 0 1 1", "maven /srv/.m2/repository 0 1 1", "gem /usr/lib/ruby/gems/3.1.0/cache 0 1 1", "cargo /usr/local/cargo/registry 0 1 1"}},
		{"what only looks like a cache", [][]member{{file("var/cache/nginx/x", "1"), file("srv/var/cache/apt/x", "1"), file("root/.cache/pipe/x", "1"), file("app/cache/x", "1"), file("app/gems/cache/x", "1"), file("var/cache/apt", "1")}}, nil},
		{"empty directories and files", [][]member{{dir("var/lib/apt/lists/partial"), file("var/lib/apt/lists/lock", "")}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			var got []string
			for _, k := range c.Caches {
				got = append(got, fmt.Sprintf("%s %s %d %d %d", k.Kind, k.Path, k.Layer, k.Files, k.Bytes))
			}
			expect(t, got, tt.want)
		})
	}
}

func TestCachesAreBounded(t *testing.T) {
	var members []member
	for i := range maxList + 10 {
		members = append(members, file(fmt.Sprintf("home/%d/.cache/pip/x", i), "1"))
	}
	_, c := imageOf(t, gate.Config{}, members, members[:1])
	if len(c.Caches) != maxList {
		t.Errorf("%d caches", len(c.Caches))
	}
	expect(t, c.Truncated, []string{"caches"})
}

func TestStrayFiles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   []string
	}{
		{"a repository is one entry", [][]member{{dir("app/.git"), file("app/.git/HEAD", "x"), file("app/.git/Dockerfile", "x"), dir("app/.git/hooks")}}, []string{"/app/.git 0 git repository"}},
		{"a repository without an entry of its own", [][]member{{}, {file("app/.git/objects/00/x", "x")}}, []string{"/app/.git 1 git repository"}},
		{"a repository that a later layer deletes is gone", [][]member{{file("app/.git/HEAD", "x")}, {whiteout("app/.git")}}, nil},
		{"build, compose and CI files", [][]member{{file("app/Dockerfile", "x"), file("app/Dockerfile.dev", "x"), file("app/docker-compose.prod.yml", "x"), file("app/compose.yaml", "x"), file("app/.gitlab-ci.yml", "x"), dir("app/.github/workflows")}},
			[]string{"/app/.github 0 CI config", "/app/.gitlab-ci.yml 0 CI config", "/app/Dockerfile 0 Dockerfile", "/app/Dockerfile.dev 0 Dockerfile", "/app/compose.yaml 0 compose file", "/app/docker-compose.prod.yml 0 compose file"}},
		{"editors' and desktops'", [][]member{{dir("app/.idea"), file("app/.vscode/settings.json", "x"), file("app/a/.DS_Store", "x"), dir("app/.svn")}},
			[]string{"/app/.idea 0 editor settings", "/app/.svn 0 svn working copy", "/app/.vscode 0 editor settings", "/app/a/.DS_Store 0 desktop file"}},
		{"in what others wrote they are theirs", [][]member{{file("app/node_modules/x/Dockerfile", "x"), file("app/vendor/x/.git/HEAD", "x"), file("usr/lib/python3/site-packages/x/.DS_Store", "x"), file("usr/local/go/misc/Dockerfile", "x"), file("usr/share/doc/x/Dockerfile", "x")}}, nil},
		{"in a web root they are not", [][]member{{file("usr/share/nginx/html/.git/HEAD", "x")}}, []string{"/usr/share/nginx/html/.git 0 git repository"}},
		{"a file named like a directory", [][]member{{file("app/.git", "gitdir: x"), file("app/.idea", "x"), symlink("app/Dockerfile", "x")}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			expect(t, details(c.Stray), tt.want)
		})
	}
}

func TestHeadersAreCounted(t *testing.T) {
	_, c := imageOf(t, gate.Config{},
		[]member{dir("usr/include"), file("usr/include/stdio.h", "x"), file("usr/include/c++/12/vector", "x"), file("usr/src/linux-headers-6.1/include/x.h", "x"), symlink("usr/include/l.h", "stdio.h"), file("srv/include/x.h", "x"), file("usr/src/app/x.h", "x")},
		[]member{whiteout("usr/include/stdio.h")},
	)
	if c.Headers != 2 {
		t.Errorf("%d headers", c.Headers)
	}
}

func TestALayerIsToldByWhereItWritesMost(t *testing.T) {
	body := func(n int) string { return strings.Repeat("x", n) }
	for _, tt := range []struct {
		name  string
		layer []member
		want  []string // path, files and bytes
	}{
		{"containers stand for nothing themselves", []member{file("usr/bin/a", body(10)), file("usr/lib/b/c", body(30)), file("usr/lib/d/e", body(20)), file("etc/x", body(5)), file("usr/y", body(1)), file("z", body(2))},
			[]string{"/usr/lib 2 50", "/usr/bin 1 10", "/etc 1 5", "/ 1 2", "/usr 1 1"}},
		{"a directory in which one dominates leaves it its place", []member{file("usr/lib/python3/dist-packages/a/x", body(50)), file("usr/lib/python3/dist-packages/b/x", body(45)), file("usr/lib/y", body(5))},
			[]string{"/usr/lib/python3/dist-packages 2 95"}},
		{"a directory of many stays", []member{file("app/a/x", body(10)), file("app/b/x", body(10)), file("app/c/x", body(10))}, []string{"/app 3 30"}},
		{"a deep directory is not told from what is below", []member{file("a/b/c/d/e/f/g/h/i/j/k/x", body(10))}, []string{"/a/b/c/d/e/f/g/h 1 10"}},
		{"directories of no bytes are left out", []member{dir("app"), file("app/x", ""), symlink("l", "x")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layer)
			var got []string
			for _, a := range c.Layers[0].Adds {
				got = append(got, fmt.Sprintf("%s %d %d", a.Path, a.Files, a.Bytes))
			}
			expect(t, got, tt.want)
		})
	}
}

func TestNoMoreThanEightDirectoriesAreNamed(t *testing.T) {
	var members []member
	for i := range 20 {
		members = append(members, file(fmt.Sprintf("opt/%02d/x", i), strings.Repeat("x", i+1)))
	}
	_, c := imageOf(t, gate.Config{}, members)
	l := c.Layers[0]
	if len(l.Adds) != maxAdds || l.Adds[0].Path != "/opt/19" || l.Files != 20 || l.Bytes != 210 {
		t.Errorf("layer %+v", l)
	}
}

func TestALayerSaysWhatItTakesAwayAndWastes(t *testing.T) {
	_, c := imageOf(t, gate.Config{},
		[]member{file("d/a", "123"), file("d/b", "1"), file("e/c", "1"), file("kept", "1"), symlink("d/l", "a"), file("f", "55555")},
		[]member{whiteout("d"), opaque("e"), whiteout("none"), file("f", "1"), hardlink("g", "f")},
	)
	if l := c.Layers[0]; l.Deletes != 0 || l.Wasted != 10 || l.Files != 5 || l.Bytes != 11 {
		t.Errorf("layer 0: %+v", l)
	}
	if l := c.Layers[1]; l.Deletes != 4 || l.Wasted != 0 || l.Files != 1 || l.Bytes != 1 {
		t.Errorf("layer 1: %+v", l)
	}
}
