package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestNoCommand(t *testing.T) {
	test(t, NoCommand, []scenario{
		{name: "an entrypoint", want: Pass},
		{name: "a command alone", change: func(in *Input) { in.Image.Config.Entrypoint, in.Image.Config.Cmd = nil, []string{"app"} }, want: Pass},
		{name: "neither", change: func(in *Input) { in.Image.Config.Entrypoint = nil }, want: Fail, severity: gate.SeverityLow},
	})
}
