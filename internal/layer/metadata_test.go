package layer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPackageRecordsThatALaterLayerTookAway(t *testing.T) {
	status := strings.Repeat("Package: x\nStatus: install ok installed\n\n", 100)
	for _, tt := range []struct {
		name   string
		layers [][]member
		want   []string // path, layer, by, change
	}{
		{"deleted", [][]member{{file("var/lib/dpkg/status", status)}, {whiteout("var/lib/dpkg/status")}}, []string{"/var/lib/dpkg/status 0 1 deleted"}},
		{"deleted with its directory", [][]member{{file("lib/apk/db/installed", status)}, {}, {whiteout("lib/apk")}}, []string{"/lib/apk/db/installed 0 2 deleted"}},
		{"hidden by an opaque directory", [][]member{{file("var/lib/rpm/rpmdb.sqlite", status)}, {opaque("var/lib")}}, []string{"/var/lib/rpm/rpmdb.sqlite 0 1 deleted"}},
		{"deleted through a linked directory", [][]member{{file("usr/lib/apk/db/installed", status), symlink("lib", "usr/lib")}, {whiteout("lib/apk/db/installed")}}, []string{"/usr/lib/apk/db/installed 0 1 deleted"}},
		{"emptied", [][]member{{file("var/lib/dpkg/status", status)}, {file("var/lib/dpkg/status", "")}}, []string{"/var/lib/dpkg/status 0 1 emptied"}},
		{"emptied but for a line", [][]member{{file("var/lib/dpkg/status", status)}, {file("var/lib/dpkg/status", "Package: x\n\n")}}, []string{"/var/lib/dpkg/status 0 1 emptied"}},
		{"replaced by a link to elsewhere", [][]member{{file("var/lib/dpkg/status", status)}, {dir("dev"), symlink("var/lib/dpkg/status", "/dev")}}, []string{"/var/lib/dpkg/status 0 1 replaced"}},
		{"replaced by a link to nothing", [][]member{{file("var/lib/dpkg/status", status)}, {symlink("var/lib/dpkg/status", "/none")}}, []string{"/var/lib/dpkg/status 0 1 deleted"}},
		{"a part of distroless's records", [][]member{{file("var/lib/dpkg/status.d/tzdata", status), file("var/lib/dpkg/status.d/tzdata.md5sums", "x")}, {whiteout("var/lib/dpkg/status.d")}}, []string{"/var/lib/dpkg/status.d/tzdata 0 1 deleted"}},
		{"the release file", [][]member{{file("etc/os-release", "ID=debian\n")}, {whiteout("etc/os-release")}}, []string{"/etc/os-release 0 1 deleted"}},
		{"deleted in one layer, back in the next", [][]member{{file("var/lib/dpkg/status", status)}, {whiteout("var/lib/dpkg/status")}, {file("var/lib/dpkg/status", status)}}, nil},
		{"an update", [][]member{{file("var/lib/dpkg/status", status)}, {file("var/lib/dpkg/status", status+status)}}, nil},
		{"packages removed, as it should be", [][]member{{file("var/lib/dpkg/status", status)}, {file("var/lib/dpkg/status", status[:len(status)/3])}}, nil},
		{"moved, with a link left behind", [][]member{{file("var/lib/rpm/rpmdb.sqlite", status)}, {whiteout("var/lib/rpm"), file("usr/lib/sysimage/rpm/rpmdb.sqlite", status), symlink("var/lib/rpm", "/usr/lib/sysimage/rpm")}}, nil},
		{"a release file that becomes a link", [][]member{{file("etc/os-release", "ID=debian\n")}, {file("usr/lib/os-release", "ID=debian\n"), symlink("etc/os-release", "../usr/lib/os-release")}}, nil},
		{"one that was empty before", [][]member{{file("var/lib/dpkg/status", "")}, {whiteout("var/lib/dpkg/status")}}, nil},
		{"some other file", [][]member{{file("var/lib/dpkg/available", status)}, {whiteout("var/lib/dpkg/available")}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			var got []string
			for _, r := range c.Removed {
				got = append(got, fmt.Sprintf("%s %d %d %s", r.Path, r.Layer, r.RemovedBy, r.Change))
			}
			expect(t, got, tt.want)
		})
	}
}

func TestPackageDatabasesAreThoseOfTheView(t *testing.T) {
	_, c := imageOf(t, gate.Config{},
		[]member{file("var/lib/dpkg/status", "x"), file("var/lib/dpkg/status.d/tzdata", "x"), file("usr/lib/apk/db/installed", "x"), symlink("lib", "usr/lib"), dir("var/lib/rpm")},
		[]member{whiteout("var/lib/dpkg/status")},
	)
	expect(t, c.PackageDatabases, []string{"/var/lib/dpkg/status.d", "/usr/lib/apk/db/installed"})
}

func TestWastedBytes(t *testing.T) {
	body := func(n int) string { return strings.Repeat("x", n) }
	_, c := imageOf(t, gate.Config{},
		[]member{file("replaced", body(100)), file("d/deleted", body(40)), file("d/hidden", body(7)), file("kept", body(1000)), file("twice", "1"), file("twice", "22"), hardlink("linked", "kept"), dir("usr/bin"), symlink("bin", "usr/bin"), file("usr/bin/x", body(5))},
		[]member{file("replaced", body(200)), whiteout("d/deleted"), file("bin/x", body(6))},
		[]member{file("replaced", body(1)), opaque("d"), whiteout("linked"), whiteout("none")},
	)
	var got []string
	for _, p := range c.Wasted.Paths {
		got = append(got, fmt.Sprintf("%s %d in %d copies, largest in layer %d", p.Path, p.Bytes, p.Copies, p.Layer))
	}
	expect(t, got, []string{"/replaced 300 in 2 copies, largest in layer 1", "/d/deleted 40 in 1 copies, largest in layer 0", "/d/hidden 7 in 1 copies, largest in layer 0", "/usr/bin/x 5 in 1 copies, largest in layer 0"})
	if c.Wasted.Bytes != 352 || !slices.Equal(c.Wasted.ByLayer, []int64{152, 200, 0}) {
		t.Errorf("%d bytes, by layer %v", c.Wasted.Bytes, c.Wasted.ByLayer)
	}
}

func TestWastedPathsAreBounded(t *testing.T) {
	var lower, upper []member
	for i := range maxWaste + 10 {
		lower = append(lower, file(fmt.Sprintf("f%03d", i), strings.Repeat("x", i+1)))
		upper = append(upper, whiteout(fmt.Sprintf("f%03d", i)))
	}
	_, c := imageOf(t, gate.Config{}, lower, upper)
	if n := maxWaste + 10; len(c.Wasted.Paths) != maxWaste || c.Wasted.Paths[0].Bytes != int64(n) || c.Wasted.Bytes != int64(n*(n+1)/2) {
		t.Errorf("%d paths, first %+v, %d bytes", len(c.Wasted.Paths), c.Wasted.Paths[0], c.Wasted.Bytes)
	}
}

func TestClass(t *testing.T) {
	var debian []member
	for i := range fullPackages + 1 {
		debian = append(debian, file(fmt.Sprintf("var/lib/dpkg/info/p%d.list", i), "x"))
	}
	for _, tt := range []struct {
		name    string
		layers  [][]member
		class   gate.Class
		because string
	}{
		{"one static program", [][]member{{program("app")}}, gate.ClassScratch, "no distribution"},
		{"nothing at all", [][]member{{}}, gate.ClassScratch, "no distribution"},
		{"a program on a distribution's data", [][]member{{program("app"), file("etc/os-release", "ID=debian\n"), file("var/lib/dpkg/status.d/tzdata", "x")}}, gate.ClassStatic, "no C library"},
		{"a C library without a shell", [][]member{{program("app"), file("lib/x86_64-linux-gnu/libc.so.6", "x"), file("etc/os-release", "ID=debian\n")}}, gate.ClassDistroless, "C library /lib/x86_64-linux-gnu/libc.so.6"},
		{"musl without a shell", [][]member{{program("app"), file("lib/ld-musl-x86_64.so.1", "x")}}, gate.ClassDistroless, "/lib/ld-musl-x86_64.so.1"},
		{"a shell", [][]member{{program("bin/sh")}}, gate.ClassSlim, "shell /bin/sh"},
		{"a package manager without a shell", [][]member{{program("usr/bin/apk")}}, gate.ClassSlim, "package manager /usr/bin/apk"},
		{"a shell and a compiler", [][]member{{program("bin/sh"), program("usr/bin/gcc")}}, gate.ClassFull, "build tool /usr/bin/gcc"},
		{"a shell and many packages", [][]member{append(debian, program("bin/sh"))}, gate.ClassFull, "151 packages"},
		{"a shell that a later layer deleted", [][]member{{program("bin/sh")}, {whiteout("bin/sh")}}, gate.ClassScratch, "no shell"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			if c.Class != tt.class || !strings.Contains(strings.Join(c.ClassReasons, "; "), tt.because) {
				t.Errorf("class %s because of %q", c.Class, c.ClassReasons)
			}
		})
	}
}
