package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSpecialFiles(t *testing.T) {
	test(t, SpecialFiles, []scenario{
		{name: "none", want: Pass},
		{name: "a block device", change: func(in *Input) {
			in.Image.Contents.Special = []gate.File{{Path: "/dev/sda", Detail: "block device 8:0"}}
		}, want: Fail, severity: gate.SeverityHigh, says: "block device 8:0"},
	})
}
