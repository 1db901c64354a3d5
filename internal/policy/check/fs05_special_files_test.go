package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSpecialFiles(t *testing.T) {
	test(t, SpecialFiles, []scenario{
		{name: "none", want: Pass},
		{name: "a block device", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/srv/disk", Detail: "block device 8:0"}}
		}, want: Fail, severity: gate.SeverityHigh, says: "block device 8:0"},
		{name: "a usual device, over which runtimes mount /dev", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/dev/null", Detail: "character device 1:3"}}
		}, want: Fail, severity: gate.SeverityLow},
		{name: "another device under a usual name", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/dev/null", Detail: "character device 1:1"}}
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "a disk in /dev", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/dev/sda", Detail: "block device 8:0"}}
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "a pipe", change: func(in *Input) { in.Image.Contents.Special = []gate.File{{Path: "/run/x", Detail: "FIFO"}} }, want: Fail, severity: gate.SeverityHigh},
		{name: "a whiteout that an exporter forgot", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/dev/x", Detail: "overlay whiteout (character device 0:0) that a broken exporter left"}}
		}, want: Fail, severity: gate.SeverityHigh},
		{name: "a list that was cut", change: func(in *Input) { in.Image.Contents.Truncated = []string{"special"} }, want: Unknown},
	})
}
