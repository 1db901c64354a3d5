package layer

import (
	"archive/tar"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// capability is a security.capability attribute of revision 2.
func capability(permitted, inheritable uint64, effective bool) string {
	b := make([]byte, 20)
	magic := uint32(2 << 24)
	if effective {
		magic |= 1
	}
	binary.LittleEndian.PutUint32(b, magic)
	binary.LittleEndian.PutUint32(b[4:], uint32(permitted))
	binary.LittleEndian.PutUint32(b[8:], uint32(inheritable))
	binary.LittleEndian.PutUint32(b[12:], uint32(permitted>>32))
	binary.LittleEndian.PutUint32(b[16:], uint32(inheritable>>32))
	return string(b)
}

func capable(name, attribute string) member {
	m := program(name)
	m.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": attribute}
	return m
}

func TestFilesWithRights(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layers [][]member
		list   func(c gate.Contents) []gate.File
		want   []string
	}{
		{"a setuid file counts", [][]member{{fileMode("su", "x", 0o4755)}}, setuid, []string{"/su 0"}},
		{"a setgid file counts", [][]member{{fileMode("wall", "x", 0o2755)}}, setuid, []string{"/wall 0"}},
		{"a setgid directory passes its group on and is no risk", [][]member{{dirMode("var/mail", 0o2775)}}, setuid, nil},
		{"a symbolic link to a setuid file is not one more", [][]member{{fileMode("su", "x", 0o4755), symlink("su2", "su")}}, setuid, []string{"/su 0"}},
		{"a hard link to a setuid file is one more way to it", [][]member{{fileMode("su", "x", 0o4755), hardlink("su2", "su")}}, setuid, []string{"/su 0", "/su2 0"}},
		{"a setuid file that a later layer deletes is gone", [][]member{{fileMode("su", "x", 0o4755)}, {whiteout("su")}}, setuid, nil},
		{"a setuid bit that a later layer takes is gone", [][]member{{fileMode("su", "x", 0o4755)}, {fileMode("su", "x", 0o755)}}, setuid, nil},
		{"a setuid bit that a later layer sets is its doing", [][]member{{fileMode("su", "x", 0o755)}, {fileMode("su", "x", 0o4755)}}, setuid, []string{"/su 1"}},

		{"a world-writable file counts", [][]member{{fileMode("f", "x", 0o666)}}, worldWritable, []string{"/f 0"}},
		{"a world-writable directory counts", [][]member{{dirMode("d", 0o777)}}, worldWritable, []string{"/d 0"}},
		{"/tmp with its sticky bit does not", [][]member{{dirMode("tmp", 0o1777)}}, worldWritable, nil},
		{"a symbolic link, whose mode means nothing, does not", [][]member{{symlink("l", "x")}}, worldWritable, nil},
		{"a directory without an entry of its own does not", [][]member{{file("d/f", "")}}, worldWritable, nil},

		{"a file with capabilities counts, with their names", [][]member{{capable("ping", capability(1<<13, 0, true))}}, capabilityList, []string{"/ping 0 cap_net_raw+ep"}},
		{"inheritable capabilities and high bits are named", [][]member{{capable("x", capability(1<<10|1<<39, 1<<21, false))}}, capabilityList, []string{"/x 0 cap_net_bind_service,cap_sys_admin,cap_bpf+ip"}},
		{"a capability newer than this gate is not missed", [][]member{{capable("x", capability(1<<60, 0, true))}}, capabilityList, []string{"/x 0 unknown capability+ep"}},
		{"an attribute that grants nothing does not count", [][]member{{capable("x", capability(0, 0, true))}}, capabilityList, nil},
		{"an attribute that cannot be read is not missed", [][]member{{capable("x", "short")}}, capabilityList, []string{"/x 0 unreadable capabilities"}},
		{"an attribute of an unknown revision is not missed", [][]member{{capable("x", "\x00\x00\x00\x09"+strings.Repeat("\x01", 16))}}, capabilityList, []string{"/x 0 unreadable capabilities"}},
		{"revision 1 is read", [][]member{{capable("x", "\x01\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00")}}, capabilityList, []string{"/x 0 cap_chown+ep"}},
		{"revision 3, with a root of its own, is read", [][]member{{capable("x", "\x01\x00\x00\x03\x01\x00\x00\x00"+strings.Repeat("\x00", 16))}}, capabilityList, []string{"/x 0 cap_chown+ep"}},

		{"devices and pipes count, with their numbers", [][]member{{device(tar.TypeChar, "dev/null", 1, 3), device(tar.TypeBlock, "dev/sda", 8, 0), device(tar.TypeFifo, "run/pipe", 0, 0)}}, special, []string{"/dev/null 0 character device 1:3", "/dev/sda 0 block device 8:0", "/run/pipe 0 FIFO"}},
		{"a device counts also where a later layer hides it", [][]member{{device(tar.TypeBlock, "sda", 8, 0)}, {whiteout("sda")}}, special, []string{"/sda 0 block device 8:0"}},
		{"a whiteout of overlayfs is called what it is", [][]member{{device(tar.TypeChar, "gone", 0, 0)}}, special, []string{"/gone 0 overlay whiteout (character device 0:0) that a broken exporter left"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			var got []string
			for _, f := range tt.list(c) {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d %s", f.Path, f.Layer, f.Detail)))
			}
			expect(t, got, tt.want)
		})
	}
}

func setuid(c gate.Contents) []gate.File         { return c.Setuid }
func worldWritable(c gate.Contents) []gate.File  { return c.WorldWritable }
func capabilityList(c gate.Contents) []gate.File { return c.Capabilities }
func special(c gate.Contents) []gate.File        { return c.Special }

func TestProgramsThatCanBeReached(t *testing.T) {
	for _, tt := range []struct {
		name     string
		layers   [][]member
		shells   []string
		managers []string
	}{
		{"a shell in /bin", [][]member{{program("bin/bash")}}, []string{"/bin/bash 0"}, nil},
		{"a shell that is a symbolic link, with where it leads", [][]member{{program("bin/busybox"), symlink("bin/sh", "/bin/busybox")}}, []string{"/bin/sh 0 /bin/busybox", "/bin/busybox 0"}, nil},
		{"a shell that is a hard link", [][]member{{program("bin/tool"), hardlink("bin/sh", "bin/tool")}}, []string{"/bin/sh 0"}, nil},
		{"a shell through merged /usr is listed once", [][]member{{dir("usr/bin"), symlink("bin", "usr/bin"), program("usr/bin/dash")}}, []string{"/usr/bin/dash 0"}, nil},
		{"a link in a later layer brings the shell", [][]member{{program("opt/x/dash")}, {symlink("bin/sh", "/opt/x/dash")}}, []string{"/bin/sh 1 /opt/x/dash"}, nil},
		{"a shell that a later layer deleted is gone", [][]member{{program("bin/sh")}, {whiteout("bin/sh")}}, nil, nil},
		{"a link to a shell that is gone is no shell", [][]member{{program("bin/dash"), symlink("bin/sh", "dash")}, {whiteout("bin/dash")}}, nil, nil},
		{"a file without an execute bit is no shell", [][]member{{fileMode("bin/sh", "x", 0o644)}}, nil, nil},
		{"a directory is no shell", [][]member{{dir("bin/sh")}}, nil, nil},
		{"a loop of links is no shell", [][]member{{symlink("bin/sh", "bash"), symlink("bin/bash", "sh")}}, nil, nil},
		{"a file of that name elsewhere is no shell", [][]member{{program("home/app/sh")}}, nil, nil},
		{"the busybox of distroless debug images", [][]member{{program("busybox/busybox"), symlink("busybox/sh", "busybox")}}, []string{"/busybox/sh 0 /busybox/busybox", "/busybox/busybox 0"}, nil},
		{"package managers", [][]member{{program("usr/bin/apt-get"), program("sbin/apk"), program("usr/bin/dpkg")}}, nil, []string{"/usr/bin/apt-get 0", "/usr/bin/dpkg 0", "/sbin/apk 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, tt.layers...)
			line := func(files []gate.File) (out []string) {
				for _, f := range files {
					out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %s", f.Path, f.Layer, f.Target)))
				}
				return out
			}
			expect(t, line(c.Shells), tt.shells)
			expect(t, line(c.PackageManagers), tt.managers)
		})
	}
}

func TestEntriesThatACarelessExtractorWouldActOn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layer  []member
		reason string // "" when the layer is clean
	}{
		{"an ordinary layer is clean", []member{dir("a"), file("a/b", "1"), symlink("a/l", "../x"), hardlink("a/h", "a/b")}, ""},
		{"directories may be repeated", []member{dir("a"), dirMode("a", 0o700)}, ""},
		{"a file may be repeated as it was", []member{file("a", "1"), file("a", "1")}, ""},
		{"a symbolic link may lead anywhere", []member{symlink("a", "../../../../etc/passwd")}, ""},
		{"an absolute name", []member{file("/etc/x", "1")}, ""},
		{"a global header, as git archive writes, is a comment", []member{{tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "0123"}}, ""}, file("a", "")}, ""},
		{"a name with ..", []member{file("../etc/passwd", "1")}, "a .. component"},
		{"a name with .. in the middle", []member{file("a/../../etc/passwd", "1")}, "a .. component"},
		{"a hard link to a name with ..", []member{file("etc/shadow", ""), hardlink("a", "../../etc/shadow")}, "hard link to a name with a .. component"},
		{"a hard link to nothing", []member{hardlink("a", "etc/shadow")}, "hard link to a file that does not exist"},
		{"a file written through a symbolic link of its layer", []member{symlink("a", "/etc"), file("a/passwd", "1")}, "written through the symbolic link /a of the same layer"},
		{"a file written through a symbolic link further up", []member{dir("x"), symlink("x/a", "/etc"), file("x/a/b/passwd", "1")}, "written through the symbolic link /x/a of the same layer"},
		{"a file that is there twice with other content", []member{file("a", "1"), file("a", "2")}, "more than once in the layer, with different content"},
		{"a file that is there twice with another mode", []member{file("a", "1"), fileMode("a", "1", 0o4755)}, "more than once in the layer, with different content"},
		{"a symbolic link that is there twice with another target", []member{symlink("a", "b"), symlink("a", "c")}, "more than once in the layer, with different content"},
		{"a whiteout without a name", []member{file("d/.wh.", "")}, "whiteout without a name"},
		{"a whiteout of the parent", []member{file("d/.wh...", "")}, "whiteout without a name"},
		{"a control character in a name", []member{file("a\x1b[2Jb", "")}, "a control character"},
		{"a name longer than any system takes", []member{file(strings.Repeat("abc/", 1100)+"a", "")}, "more than 4096 bytes"},
		{"a component longer than any system takes", []member{file(strings.Repeat("a", 300), "")}, "a component of more than 255 bytes"},
		{"a link target longer than any system takes", []member{symlink("a", strings.Repeat("b", 5000))}, "a link target of more than 4096 bytes"},
		{"an entry of unknown type", []member{{tar.Header{Typeflag: 'V', Name: "label"}, ""}}, "unknown type 'V'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, c := imageOf(t, gate.Config{}, []member{}, tt.layer)
			if tt.reason == "" {
				if len(c.Unsafe) > 0 {
					t.Errorf("it has %+v", c.Unsafe)
				}
				return
			}
			if len(c.Unsafe) != 1 || !strings.Contains(c.Unsafe[0].Reason, tt.reason) || c.Unsafe[0].Layer != 1 {
				t.Fatalf("it has %+v, want %q", c.Unsafe, tt.reason)
			}
			if p := c.Unsafe[0].Path; len(p) > 310 || strings.ContainsRune(p, '\x1b') {
				t.Errorf("its path is not fit to print: %q", p)
			}
		})
	}
}

func TestListsAreBoundedAndSaySo(t *testing.T) {
	var members []member
	for i := range maxList + 1 {
		members = append(members, fileMode(fmt.Sprintf("s%05d", i), "x", 0o4777), device(tar.TypeChar, fmt.Sprintf("c%05d", i), 1, 1), hardlink(fmt.Sprintf("h%05d", i), "gone"))
	}
	_, c := imageOf(t, gate.Config{}, members)
	if len(c.Setuid) != maxList || len(c.WorldWritable) != maxList || len(c.Special) != maxList || len(c.Unsafe) != maxList {
		t.Errorf("%d setuid, %d world-writable, %d special, %d unsafe", len(c.Setuid), len(c.WorldWritable), len(c.Special), len(c.Unsafe))
	}
	expect(t, c.Truncated, []string{"setuid", "special", "unsafe", "worldWritable"})
}

func TestCounts(t *testing.T) {
	v, c := imageOf(t, gate.Config{DiffIDs: []string{"a", "b"}, History: []gate.History{{CreatedBy: "FROM"}, {CreatedBy: "ENV", EmptyLayer: true}, {CreatedBy: "COPY"}}},
		[]member{dir("d"), program("d/elf"), fileMode("d/script", "#!/bin/sh\n", 0o755), fileMode("d/data", "data with a bit", 0o755), hardlink("d/again", "d/data")},
		[]member{whiteout("d/script"), file("new", "12345")},
	)
	if c.Files != 4 || c.Bytes != int64(len("\x7fELF d/elf")+len("data with a bit")+5) || c.Executables != 1 || !c.Complete {
		t.Errorf("%d files with %d bytes, %d executables, complete %v", c.Files, c.Bytes, c.Executables, c.Complete)
	}
	if l := c.Layers[1]; l.CreatedBy != "COPY" || l.Entries != 2 || l.Index != 1 || l.UncompressedBytes == 0 || l.DiffID == "" {
		t.Errorf("layer %+v", l)
	}
	if !slices.IsSorted(paths(c.Setuid)) || v.Lookup("/d/again") == nil {
		t.Error("a hard link is lost")
	}
}

func TestALayerWithAProblemMakesContentsIncomplete(t *testing.T) {
	broken := &Facts{Digest: "sha256:00", Problem: &gate.LayerProblem{Kind: gate.ProblemTruncated, Message: "cut"}}
	facts := []*Facts{factsOf(t, file("a", "1")), broken}
	c := Contents(facts, Flatten(facts), gate.Config{}, make([]gate.Descriptor, 2))
	if c.Complete || c.Layers[1].Problem == nil || c.Layers[0].Problem != nil || c.Files != 1 {
		t.Errorf("contents %+v", c)
	}
}
