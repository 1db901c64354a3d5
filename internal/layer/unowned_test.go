package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestProgramsThatNoPackageOwns(t *testing.T) {
	program := func(name string, o elfOptions, more int) member {
		return fileMode(name, elf(o)+strings.Repeat("x", more), 0o755)
	}
	v, c := imageOf(t, gate.Config{},
		[]member{
			symlink("lib", "usr/lib"), program("usr/bin/owned", elfOptions{}, 0), program("usr/bin/small", elfOptions{}, 1), fileMode("usr/lib/large.so", elf(elfOptions{})+"xx", 0o644),
			program("usr/lib/merged.so", elfOptions{}, 0), program("gone", elfOptions{}, 0), fileMode("usr/bin/script", "#!/bin/sh\n", 0o755), fileMode("x.o", elf(elfOptions{kind: 1}), 0o755), fileMode("cut", "\x7fELF", 0o755),
		},
		[]member{whiteout("gone"), program("opt/packed", elfOptions{packed: true}, 3), hardlink("usr/bin/again", "usr/bin/owned")},
	)
	MarkUnowned(&c, v, func(layer int, path string) bool {
		return layer == 0 && (path == "/usr/bin/owned" || path == "/lib/merged.so")
	})
	if c.Unowned.Count != 3 {
		t.Errorf("%d files", c.Unowned.Count)
	}
	expect(t, paths(c.Unowned.Files), []string{"/opt/packed", "/usr/lib/large.so", "/usr/bin/small"})
	expect(t, paths(c.Unowned.Packed), []string{"/opt/packed"})
	if c.Unowned.Files[0].Layer != 1 {
		t.Errorf("file %+v", c.Unowned.Files[0])
	}
}

func TestUnownedFilesAreBounded(t *testing.T) {
	var members []member
	for i := range maxList + 10 {
		members = append(members, fileMode(fmt.Sprintf("%05d", i), elf(elfOptions{packed: true})+strings.Repeat("x", i%100), 0o755))
	}
	v, c := imageOf(t, gate.Config{}, members)
	if c.Unowned != nil {
		t.Error("marked before anybody asked for owners")
	}
	MarkUnowned(&c, v, func(int, string) bool { return false })
	u := c.Unowned
	if u.Count != maxList+10 || len(u.Files) != maxUnowned || len(u.Packed) != maxList || u.Files[0].Size != 1024+99 || u.Files[49].Size < 1024+94 {
		t.Errorf("%d files, %d named, %d packed, the largest %d bytes", u.Count, len(u.Files), len(u.Packed), u.Files[0].Size)
	}
	expect(t, c.Truncated, []string{"unowned"})
}
