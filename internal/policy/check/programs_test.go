package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// withPrograms gives the image programs of one kind.
func withPrograms(kind gate.ProgramKind, files ...gate.File) func(*Input) {
	return func(in *Input) {
		for _, f := range files {
			in.Image.Contents.Programs = append(in.Image.Contents.Programs, gate.Program{Kind: kind, File: f})
		}
	}
}

func TestNamesOfOneProgramAreOneThing(t *testing.T) {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	withPrograms(gate.ProgramNetwork,
		gate.File{Path: "/bin/nc", Target: "/bin/busybox"}, gate.File{Path: "/usr/bin/wget", Target: "/bin/busybox"},
		gate.File{Path: "/usr/bin/curl", Layer: 1})(in)
	groups := grouped(in.Image.Contents.Programs)
	if len(groups) != 2 {
		t.Fatalf("%d groups: %v", len(groups), groups)
	}
	if got := groups[0].finding(gate.SeverityLow, "is there", ""); got.Message != "/bin/busybox (as nc, wget) is there" || got.Subject != "busybox" || got.Path != "/bin/busybox" {
		t.Errorf("busybox: %+v", got)
	}
	if got := groups[1].finding(gate.SeverityLow, "is there", ""); got.Message != "/usr/bin/curl is there" || got.Subject != "curl" || *got.Layer != 1 {
		t.Errorf("curl: %+v", got)
	}
}
