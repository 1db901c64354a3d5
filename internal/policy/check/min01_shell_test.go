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
		{name: "where policy demands distroless", change: func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh", Target: "/bin/busybox"}}
			in.Options.MaxClass = gate.ClassDistroless
		}, want: Fail, severity: gate.SeverityMedium},
	})
}
