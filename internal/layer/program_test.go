package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestProgramsOfKindsThatChecksAskAbout(t *testing.T) {
	for _, tt := range []struct {
		name   string
		env    []string
		layers [][]member
		want   []string // kind, path, layer and where it leads
	}{
		{"one of each kind", nil, [][]member{{
			program("usr/bin/curl"), program("usr/bin/gdb"), program("usr/bin/gcc"), program("usr/bin/npm"), program("usr/sbin/cron"),
			program("usr/bin/kubectl"), fileMode("usr/bin/sudo", "x", 0o4755), program("usr/sbin/sshd"), program("usr/bin/app"),
		}}, []string{
			"network /usr/bin/curl 0", "toolchain /usr/bin/gcc 0", "debug /usr/bin/gdb 0", "control /usr/bin/kubectl 0", "installer /usr/bin/npm 0", "privilege /usr/bin/sudo 0",
			"daemon /usr/sbin/cron 0", "ssh-server /usr/sbin/sshd 0",
		}},
		{"applets of busybox count for their name", nil, [][]member{{program("bin/busybox"), symlink("usr/bin/nc", "/bin/busybox"), symlink("usr/bin/vi", "/bin/busybox"), symlink("sbin/init", "/bin/busybox")}},
			[]string{"network /usr/bin/nc 0 /bin/busybox", "daemon /sbin/init 0 /bin/busybox"}},
		{"merged /usr is looked into once", nil, [][]member{{dir("usr/bin"), symlink("bin", "usr/bin"), symlink("usr/sbin", "bin"), program("usr/bin/wget")}}, []string{"network /usr/bin/wget 0"}},
		{"a hard link is a program", nil, [][]member{{program("bin/x"), hardlink("bin/su", "bin/x")}}, []string{"privilege /bin/su 0"}},
		{"names with a version, where the bare name leads elsewhere", nil, [][]member{{program("usr/bin/gcc-12"), program("usr/bin/clang++-14"), program("usr/bin/pip3.11"), program("usr/bin/g++")}},
			[]string{"toolchain /usr/bin/clang++-14 0", "toolchain /usr/bin/g++ 0", "toolchain /usr/bin/gcc-12 0", "installer /usr/bin/pip3.11 0"}},
		{"all names of one compiler are one", nil, [][]member{{program("usr/bin/x86_64-linux-gnu-gcc-12"), symlink("usr/bin/x86_64-linux-gnu-gcc", "x86_64-linux-gnu-gcc-12"), symlink("usr/bin/gcc-12", "x86_64-linux-gnu-gcc-12"), symlink("usr/bin/gcc", "gcc-12")}},
			[]string{"toolchain /usr/bin/gcc 0 /usr/bin/x86_64-linux-gnu-gcc-12"}},
		{"a compiler for another target", nil, [][]member{{program("usr/bin/aarch64-linux-musl-ld")}}, []string{"toolchain /usr/bin/aarch64-linux-musl-ld 0"}},
		{"names that only look like it", nil, [][]member{{program("usr/bin/python3-config"), program("usr/bin/gcc-ar-12"), program("usr/bin/curl7"), program("usr/bin/pipe"), program("usr/bin/my-ld"), program("usr/bin/7"), program("usr/bin/ssh-keygen")}}, nil},
		{"toolchains in their own directories", nil, [][]member{{program("usr/local/go/bin/go"), program("usr/local/cargo/bin/rustc")}}, []string{"toolchain /usr/local/go/bin/go 0", "toolchain /usr/local/cargo/bin/rustc 0"}},
		{"directories of the image's PATH", []string{"PATH=/opt/jdk/bin:/usr/bin"}, [][]member{{program("opt/jdk/bin/javac"), program("opt/other/bin/javac")}}, []string{"toolchain /opt/jdk/bin/javac 0"}},
		{"what a later layer deleted is gone", nil, [][]member{{program("usr/bin/curl"), program("usr/bin/wget")}, {whiteout("usr/bin/curl")}}, []string{"network /usr/bin/wget 0"}},
		{"a link of a later layer brings its name", nil, [][]member{{program("opt/x/nc")}, {symlink("usr/bin/nc", "/opt/x/nc")}}, []string{"network /usr/bin/nc 1 /opt/x/nc"}},
		{"without an execute bit it is no program", nil, [][]member{{file("usr/bin/curl", "x"), dir("usr/bin/wget"), symlink("usr/bin/nc", "nowhere")}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{Env: tt.env}, tt.layers...)
			var got []string
			for _, p := range c.Programs {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", p.Kind, p.Path, p.Layer, p.Target)))
			}
			expect(t, got, tt.want)
		})
	}
}

func TestProgramsAreBounded(t *testing.T) {
	var members []member
	for i := range maxList + 10 {
		members = append(members, program(fmt.Sprintf("usr/bin/gcc-%d", i)))
	}
	_, c := imageOf(t, gate.Config{}, members)
	if len(c.Programs) != maxList {
		t.Errorf("%d programs", len(c.Programs))
	}
	expect(t, c.Truncated, []string{"programs"})
}

func TestNoNameIsOfTwoKinds(t *testing.T) {
	total := 0
	for _, names := range programNames {
		total += len(names)
	}
	if total != len(kindOf) {
		t.Errorf("%d names, %d of them different", total, len(kindOf))
	}
}
