package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestAnyVolume(t *testing.T) {
	test(t, AnyVolume, []scenario{
		{name: "no volume", want: Pass},
		{name: "a volume", change: func(in *Input) { in.Image.Config.Volumes = []string{"/var/lib/db"} }, want: Fail, severity: gate.SeverityLow, says: "/var/lib/db"},
		{name: "over a system directory is for CONF-04", change: func(in *Input) { in.Image.Config.Volumes = []string{"/etc/", "/./proc"} }, want: Pass},
	})
}
