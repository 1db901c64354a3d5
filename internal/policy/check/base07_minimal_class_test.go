package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestMinimalClass(t *testing.T) {
	test(t, MinimalClass, []scenario{
		{name: "no class demanded", want: NotApplicable},
		{name: "minimal enough", change: func(in *Input) { in.Options.MaxClass = gate.ClassDistroless }, want: Pass},
		{name: "not minimal enough", change: func(in *Input) {
			in.Options.MaxClass = gate.ClassDistroless
			in.Image.Contents.Class = gate.ClassSlim
			in.Image.Contents.ClassReasons = []string{"shell /bin/sh"}
		}, want: Fail, severity: gate.SeverityMedium, says: "shell /bin/sh"},
		{name: "no layer was read", change: func(in *Input) { in.Options.MaxClass = gate.ClassDistroless; unread(in) }, want: Unknown},
	})
}
