package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDangerousPorts(t *testing.T) {
	test(t, DangerousPorts, []scenario{
		{name: "no port", want: Pass},
		{name: "8080", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"8080/tcp", "443/tcp"} }, want: Pass},
		{name: "ssh", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"22/tcp"} }, want: Fail, severity: gate.SeverityHigh, says: "ssh"},
		{name: "without a protocol", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"22"} }, want: Fail},
		{name: "in a range", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"20-23/tcp"} }, want: Fail, says: "ftp"},
		{name: "the Docker API", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"2375/tcp"} }, want: Fail, says: "Docker API"},
		{name: "an accepted port", change: func(in *Input) {
			in.Image.Config.ExposedPorts = []string{"22/tcp"}
			in.Options.AllowedPorts = []string{"22"}
		}, want: Pass},
		{name: "not a port", change: func(in *Input) { in.Image.Config.ExposedPorts = []string{"ssh/tcp", "99999"} }, want: Pass},
	})
}
