package check

import (
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnsafeArchive(t *testing.T) {
	test(t, UnsafeArchive, []scenario{
		{name: "none", want: Pass},
		{name: "out of the root", change: func(in *Input) {
			in.Image.Contents.Unsafe = []gate.ArchiveProblem{{Path: "../../etc/passwd", Reason: "leaves the root"}}
		}, want: Fail, severity: gate.SeverityHigh, says: "leaves the root"},
		{name: "a thousand of them are one list with an end", change: func(in *Input) {
			in.Image.Contents.Unsafe = slices.Repeat([]gate.ArchiveProblem{{Path: "../x", Reason: "leaves the root"}}, 1000)
		}, want: Fail},
	})
}
