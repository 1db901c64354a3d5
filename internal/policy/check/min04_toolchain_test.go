package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestToolchain(t *testing.T) {
	packages := func(list ...gate.Package) func(*Input) {
		return func(in *Input) { in.Image.Scan.Packages = list }
	}
	test(t, Toolchain, []scenario{
		{name: "none", want: Pass},
		{name: "gcc", change: withPrograms(gate.ProgramToolchain, gate.File{Path: "/usr/bin/gcc"}), want: Fail, severity: gate.SeverityMedium, says: "/usr/bin/gcc builds programs"},
		{name: "development files", change: packages(gate.Package{Name: "libc6-dev", Type: "debian"}, gate.Package{Name: "zlib1g-dev", Type: "debian"}), want: Fail, severity: gate.SeverityMedium, says: "libc6-dev, zlib1g-dev"},
		{name: "a library of a language with such a name", change: packages(gate.Package{Name: "left-dev", Type: "npm"}), want: Pass},
		{name: "the library itself", change: packages(gate.Package{Name: "libc6", Type: "debian"}), want: Pass},
		{name: "headers of an interpreter", change: func(in *Input) { in.Image.Contents.Headers = 140 }, want: Fail, severity: gate.SeverityLow, says: "140"},
		{name: "the layers were read and not scanned", change: func(in *Input) { in.Image.Scan = nil }, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
