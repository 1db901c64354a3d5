package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWorldWritable(t *testing.T) {
	test(t, WorldWritable, []scenario{
		{name: "none", want: Pass},
		{name: "the application", change: func(in *Input) { in.Image.Contents.WorldWritable = []gate.File{{Path: "/app", Mode: 0o777}} }, want: Fail, severity: gate.SeverityMedium, says: "/app"},
		{name: "by custom", change: func(in *Input) { in.Image.Contents.WorldWritable = []gate.File{{Path: "/run/lock", Mode: 0o777}} }, want: Pass},
		{name: "under /dev", change: func(in *Input) { in.Image.Contents.WorldWritable = []gate.File{{Path: "/dev/mqueue", Mode: 0o777}} }, want: Pass},
		{name: "accepted", change: func(in *Input) {
			in.Image.Contents.WorldWritable = []gate.File{{Path: "/app", Mode: 0o777}}
			in.Options.AllowedWorldWritable = []string{"/app"}
		}, want: Pass},
	})
}
