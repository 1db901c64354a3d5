package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestFileCapabilities(t *testing.T) {
	test(t, FileCapabilities, []scenario{
		{name: "none", want: Pass},
		{name: "ping", change: func(in *Input) {
			in.Image.Contents.Capabilities = []gate.File{{Path: "/usr/bin/ping", Detail: "cap_net_raw+ep"}}
		}, want: Fail, severity: gate.SeverityMedium, says: "cap_net_raw"},
		{name: "as good as root", change: func(in *Input) {
			in.Image.Contents.Capabilities = []gate.File{{Path: "/usr/bin/ping", Detail: "cap_sys_admin+ep"}}
		}, want: Fail, severity: gate.SeverityHigh},
	})
}
