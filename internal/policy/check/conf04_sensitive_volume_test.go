package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSensitiveVolume(t *testing.T) {
	test(t, SensitiveVolume, []scenario{
		{name: "no volume", want: Pass},
		{name: "a data volume", change: func(in *Input) {
			in.Image.Config.Volumes = []string{"/data", "/var/lib/postgresql/data", "/etc/app", "/dev/shm"}
		}, want: Pass},
		{name: "/", change: func(in *Input) { in.Image.Config.Volumes = []string{"/"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/etc", change: func(in *Input) { in.Image.Config.Volumes = []string{"/etc"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/etc/", change: func(in *Input) { in.Image.Config.Volumes = []string{"/etc/"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/proc/", change: func(in *Input) { in.Image.Config.Volumes = []string{"/proc/"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/./proc", change: func(in *Input) { in.Image.Config.Volumes = []string{"/./proc"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/proc/sys", change: func(in *Input) { in.Image.Config.Volumes = []string{"/proc/sys"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/usr", change: func(in *Input) { in.Image.Config.Volumes = []string{"/usr"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/var/run/docker.sock", change: func(in *Input) { in.Image.Config.Volumes = []string{"/var/run/docker.sock"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "/data/../root", change: func(in *Input) { in.Image.Config.Volumes = []string{"/data/../root"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "etc", change: func(in *Input) { in.Image.Config.Volumes = []string{"etc"} }, want: Fail, severity: gate.SeverityHigh},
	})
}
