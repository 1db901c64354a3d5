package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestShell(t *testing.T) {
	test(t, Shell, []scenario{
		{name: "none", want: Pass},
		{name: "a shell where shells are usual", change: func(in *Input) { in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh", Target: "/bin/busybox"}} }, want: Fail, severity: gate.SeverityLow, says: "/bin/busybox"},
		{name: "in an image that calls itself distroless", change: func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh", Target: "/bin/busybox"}}
			in.Image.Contents.OSRelease.PrettyName = "Distroless"
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "in a layer above a proven base that has none", change: func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/busybox/sh", Layer: 2}}
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 2}
		}, want: Fail, severity: gate.SeverityMedium, says: "/busybox/sh"},
		{name: "another one beside the proven base's", change: func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh"}, {Path: "/bin/zsh", Layer: 2}}
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 2}
		}, want: Fail, severity: gate.SeverityLow},
		{name: "no layer was read", change: unread, want: Unknown},
		{name: "where policy demands distroless", change: func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh", Target: "/bin/busybox"}}
			in.Options.MaxClass = gate.ClassDistroless
		}, want: Fail, severity: gate.SeverityMedium},
	})
}
