package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWorkdirRelative(t *testing.T) {
	workdir := func(os, dir string) func(*Input) {
		return func(in *Input) { in.Image.Config.OS, in.Image.Config.WorkingDir = os, dir }
	}
	test(t, WorkdirRelative, []scenario{
		{name: "none", want: Pass},
		{name: "absolute", change: workdir("linux", "/app"), want: Pass},
		{name: "relative", change: workdir("linux", "app/src"), want: Fail, severity: gate.SeverityLow, says: "app/src"},
		{name: "of Windows", change: workdir("windows", `C:\app`), want: Pass},
		{name: "of Windows on Linux", change: workdir("linux", `C:\app`), want: Fail},
		{name: "relative on Windows", change: workdir("windows", "app"), want: Fail},
	})
}
