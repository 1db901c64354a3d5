package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWorkdirProc(t *testing.T) {
	test(t, WorkdirProc, []scenario{
		{name: "empty is the root", want: Pass},
		{name: "a directory of the image", change: func(in *Input) { in.Image.Config.WorkingDir = "/app" }, want: Pass},
		{name: "procfs by name only", change: func(in *Input) { in.Image.Config.WorkingDir = "/process" }, want: Pass},
		{name: "a file descriptor of the runtime", change: func(in *Input) { in.Image.Config.WorkingDir = "/proc/self/fd/8" }, want: Fail, severity: gate.SeverityCritical, says: "/proc/self/fd/8"},
		{name: "in disguise", change: func(in *Input) { in.Image.Config.WorkingDir = "/app/../proc/./1/fd/7" }, want: Fail, severity: gate.SeverityCritical},
		{name: "its working directory", change: func(in *Input) { in.Image.Config.WorkingDir = "/proc/self/cwd" }, want: Fail, severity: gate.SeverityCritical},
		{name: "sysfs", change: func(in *Input) { in.Image.Config.WorkingDir = "/sys/fs" }, want: Fail, severity: gate.SeverityHigh},
		{name: "relative", change: func(in *Input) { in.Image.Config.WorkingDir = "proc/self/fd/8" }, want: Fail, severity: gate.SeverityCritical},
	})
}
