package layer

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// TestFlatten shows what a runtime would mount, one sentence of the OCI
// image-spec (layer.md) or one habit of builders at a time. A line is kind,
// path and the layer it comes from.
func TestFlatten(t *testing.T) {
	type layers = [][]member
	for _, tt := range []struct {
		name   string
		layers layers
		want   []string
	}{
		{"an empty layer adds nothing", layers{{file("a", "1")}, {}}, []string{"f /a 0"}},
		{"an upper file replaces a lower one", layers{{file("a", "1")}, {file("a", "2")}}, []string{"f /a 1"}},
		{"leading ./ and / mean the root", layers{{file("./a", "1"), file("/b", "1")}}, []string{"f /a 0", "f /b 0"}},
		{"a whiteout hides a lower file", layers{{file("d/a", "1"), file("d/b", "1")}, {whiteout("d/a")}}, []string{"f /d/b 0"}},
		{"a whiteout hides a lower directory with all below", layers{{dir("d"), file("d/e/a", "1"), file("x", "")}, {whiteout("d")}}, []string{"f /x 0"}},
		{"a whiteout does not hide what its own layer adds", layers{{file("a", "1")}, {whiteout("a"), file("a", "2")}}, []string{"f /a 1"}},
		{"a whiteout does not hide what its own layer added before it", layers{{file("a", "1")}, {file("a", "2"), whiteout("a")}}, []string{"f /a 1"}},
		{"a whiteout does not hide what an upper layer adds", layers{{file("a", "1")}, {whiteout("a")}, {file("a", "3")}}, []string{"f /a 2"}},
		{"a whiteout of nothing does nothing", layers{{file("a", "1")}, {whiteout("b"), whiteout("c/d")}}, []string{"f /a 0"}},
		{"a whiteout hides a symbolic link, not its target", layers{{file("a", "1"), symlink("l", "a")}, {whiteout("l")}}, []string{"f /a 0"}},
		{"a whiteout is found through a symbolic link to a directory", layers{{file("usr/bin/x", "1"), symlink("bin", "usr/bin")}, {whiteout("bin/x")}}, []string{"l /bin 0 -> usr/bin"}},
		{"whiteouts of the base layer do nothing", layers{{whiteout("a"), opaque("d"), file("d/x", "")}}, []string{"f /d/x 0"}},
		{"an opaque directory hides lower children", layers{{dir("d"), file("d/a", "1"), file("d/e/b", "1")}, {opaque("d"), file("d/c", "2")}}, []string{"d /d 0", "f /d/c 1"}},
		{"an opaque directory keeps what its layer put there before the marker", layers{{file("d/a", "1")}, {file("d/c", "2"), opaque("d")}}, []string{"f /d/c 1"}},
		{"an opaque root hides everything", layers{{file("a", "1"), file("d/b", "1")}, {file(".wh..wh..opq", ""), file("c", "2")}}, []string{"f /c 1"}},
		{"bookkeeping of AUFS is not content", layers{{file(".wh..wh.aufs", ""), dir(".wh..wh.plnk"), file(".wh..wh.orph", ""), file("a", "")}}, []string{"f /a 0"}},
		{"an upper directory keeps lower children", layers{{dir("d"), file("d/a", "1")}, {dirMode("d", 0o700)}}, []string{"d /d 1", "f /d/a 0"}},
		{"an upper file replaces a lower directory and its children", layers{{dir("d"), file("d/a", "1")}, {file("d", "2")}}, []string{"f /d 1"}},
		{"an upper directory replaces a lower file", layers{{file("d", "1")}, {dir("d"), file("d/a", "2")}}, []string{"d /d 1", "f /d/a 1"}},
		{"an upper directory replaces a symbolic link", layers{{file("real/a", "1"), symlink("d", "real")}, {dir("d"), file("d/b", "2")}}, []string{"d /d 1", "f /d/b 1", "f /real/a 0"}},
		{"an upper symbolic link replaces a lower directory", layers{{dir("d"), file("d/a", "1")}, {symlink("d", "e")}}, []string{"l /d 1 -> e"}},
		{"merged /usr: an upper file lands where the link leads", layers{{dir("usr/bin"), symlink("bin", "usr/bin")}, {file("bin/sh", "2")}}, []string{"l /bin 0 -> usr/bin", "d /usr/bin 0", "f /usr/bin/sh 1"}},
		{"merged /usr with an absolute link", layers{{dir("usr/bin"), symlink("bin", "/usr/bin")}, {file("bin/sh", "2")}}, []string{"l /bin 0 -> /usr/bin", "d /usr/bin 0", "f /usr/bin/sh 1"}},
		{"a link cannot lead above the root", layers{{symlink("d", "../../../etc")}, {file("d/passwd", "2")}}, []string{"l /d 0 -> ../../../etc", "f /etc/passwd 1"}},
		{"a link to a directory that is missing makes it", layers{{symlink("d", "later")}, {file("d/a", "2")}}, []string{"l /d 0 -> later", "f /later/a 1"}},
		{".. in a link goes up from where the links before it lead", layers{
			{dir("far/deep"), symlink("near", "far/deep"), symlink("l", "near/../x")},
			{file("l/a", "2")},
		}, []string{"d /far/deep 0", "f /far/x/a 1", "l /l 0 -> near/../x", "l /near 0 -> far/deep"}},
		{"below a loop of links nothing can be reached", layers{{symlink("a", "b"), symlink("b", "a")}, {file("a/x", "2")}}, []string{"l /a 0 -> b", "l /b 0 -> a"}},
		{"below a link to itself nothing can be reached", layers{{symlink("a", "a")}, {file("a/x", "2")}}, []string{"l /a 0 -> a"}},
		{"below a file nothing can be reached", layers{{file("a", "1")}, {file("a/x", "2")}}, []string{"f /a 0"}},
		{"a hard link is a file", layers{{file("a", "1"), hardlink("b", "a")}}, []string{"f /a 0", "f /b 0"}},
		{"a hard link reaches into a lower layer", layers{{file("a", "1")}, {hardlink("b", "/a")}}, []string{"f /a 0", "f /b 1"}},
		{"a hard link outlives its target", layers{{file("a", "1"), hardlink("b", "a")}, {whiteout("a")}}, []string{"f /b 0"}},
		{"a hard link to a symbolic link is one", layers{{symlink("s", "a"), hardlink("b", "s")}}, []string{"l /b 0 -> a", "l /s 0 -> a"}},
		{"a hard link to nothing stays a link", layers{{hardlink("b", "gone")}}, []string{"h /b 0"}},
		{"devices and pipes are kept", layers{{device(tar.TypeChar, "c", 1, 3), device(tar.TypeBlock, "b", 8, 0), device(tar.TypeFifo, "p", 0, 0)}}, []string{"b /b 0", "c /c 0", "p /p 0"}},
		{".. in a name stays inside the root", layers{{file("../../x", "1"), file("a/../../y", "1")}}, []string{"f /x 0", "f /y 0"}},
		{"the last of two entries with one name counts", layers{{file("a", "1"), symlink("a", "b")}}, []string{"l /a 0 -> b"}},
		{"the root's own entry is kept", layers{{member{tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755}, ""}, file("a", "")}}, []string{"d / 0", "f /a 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := imageOf(t, gate.Config{}, tt.layers...)
			expect(t, list(v), tt.want)
		})
	}
}

func TestResolve(t *testing.T) {
	chain := []member{file("end", "")}
	for i := range 41 {
		chain = append(chain, symlink(fmt.Sprint("c", i), fmt.Sprint("c", i+1)))
	}
	chain = append(chain, symlink("c41", "end"))
	v, _ := imageOf(t, gate.Config{}, append(chain,
		file("usr/bin/busybox", ""), symlink("bin", "usr/bin"), symlink("usr/bin/sh", "busybox"), symlink("abs", "/bin/sh"), symlink("up", "../../bin/sh"),
		symlink("dangling", "nowhere"), symlink("x", "y"), symlink("y", "x"), symlink("through", "usr/bin/busybox/x"), symlink("root", "/"),
		file("opt/tool/run", ""), symlink("usr/share", "/opt/tool"), symlink("tricky", "usr/share/../tool/run"),
	))
	for from, want := range map[string]string{
		"/usr/bin/busybox": "/usr/bin/busybox", "/bin/busybox": "/usr/bin/busybox", "/bin/sh": "/usr/bin/busybox", "/abs": "/usr/bin/busybox",
		"/up": "/usr/bin/busybox", "/bin": "/usr/bin", "/": "/", "/dangling": "", "/x": "", "/x/a": "", "/through": "", "/root/root/bin/sh": "/usr/bin/busybox",
		"/tricky": "/opt/tool/run", "/c2": "/end", "/c1": "", "/none": "", "/usr/bin/busybox/": "/usr/bin/busybox",
	} {
		n, at := v.Resolve(from)
		if at != want || (n == nil) != (want == "") {
			t.Errorf("%s leads to %q, want %q", from, at, want)
		}
	}
	if n := v.Lookup("/bin/sh"); n == nil || n.Entry.Kind != Symlink {
		t.Error("Lookup followed the last link")
	}
}

func TestRemovedByNamesTheLayerThatHidesAFile(t *testing.T) {
	v, _ := imageOf(t, gate.Config{},
		[]member{dir("usr/bin"), symlink("bin", "usr/bin"), file("kept", "1"), file("replaced", "1"), file("deleted", "1"), file("d/hidden", "1"), file("usr/bin/a", "1"), file("twice", "1"), file("twice", "2")},
		[]member{file("replaced", "2"), whiteout("deleted"), opaque("d"), file("bin/a", "2"), file("bin/b", "2")},
		[]member{file("deleted", "3"), whiteout("usr/bin/b"), whiteout("replaced")},
	)
	for _, tt := range []struct {
		layer int
		path  string
		by    int
		hides bool
	}{
		{0, "/kept", 0, false},
		{0, "/replaced", 1, true},
		{1, "/replaced", 2, true},
		{0, "/deleted", 1, true},
		{2, "/deleted", 0, false},
		{0, "/d/hidden", 1, true},
		{0, "d/hidden", 1, true},
		{0, "/usr/bin/a", 1, true}, // by /bin/a, which is the same file
		{1, "/bin/a", 0, false},
		{1, "/bin/b", 2, true}, // as the layer spelt it
		{0, "/twice", 0, false},
		{0, "/none", 0, false},
	} {
		by, hidden := v.RemovedBy(tt.layer, tt.path)
		if by != tt.by || hidden != tt.hides {
			t.Errorf("layer %d %s: removed %v by %d, want %v by %d", tt.layer, tt.path, hidden, by, tt.hides, tt.by)
		}
	}
}

// TestNoDirectoryIsDeeperThanAPathCanSay puts links to deep directories below
// each other; an extractor could follow them for ever.
func TestNoDirectoryIsDeeperThanAPathCanSay(t *testing.T) {
	deep := strings.Repeat("d/", 1000)
	members := []member{file(deep+"f", "1")}
	for i := range 10 {
		target := "/" + deep
		if i > 0 {
			target = fmt.Sprintf("/l%d/%s", i-1, deep)
		}
		members = append(members, symlink(fmt.Sprint("l", i), target), file(fmt.Sprintf("l%d/%sf", i, deep), "1"))
	}
	v, c := imageOf(t, gate.Config{}, members)
	depth := 0
	v.Walk(func(p string, _ *Node) { depth = max(depth, strings.Count(p, "/")) })
	if depth > maxDepth+1 || c.Files != 2 {
		t.Errorf("%d files, the deepest below %d directories", c.Files, depth)
	}
}

func TestWhiteoutsInTheFormOfTrivy(t *testing.T) {
	f := factsOf(t, file("d/.wh.a", ""), file("e/.wh..wh..opq", ""), file(".wh..wh..opq", ""), file("x", ""))
	opaque, deleted := f.Whiteouts()
	expect(t, opaque, []string{"e/", ""})
	expect(t, deleted, []string{"d/a"})
}
