package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRootExplicit(t *testing.T) {
	test(t, RootExplicit, []scenario{
		{name: "root is root", change: func(in *Input) { in.Image.Config.User = "root" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "root:app is root", change: func(in *Input) { in.Image.Config.User = "root:app" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "0 is root", change: func(in *Input) { in.Image.Config.User = "0" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "00 is root", change: func(in *Input) { in.Image.Config.User = "00" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "+0 is root", change: func(in *Input) { in.Image.Config.User = "+0" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "-0 is root", change: func(in *Input) { in.Image.Config.User = "-0" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "0:0 is root", change: func(in *Input) { in.Image.Config.User = "0:0" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "0:1000 is root", change: func(in *Input) { in.Image.Config.User = "0:1000" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: ":1000 is root", change: func(in *Input) { in.Image.Config.User = ":1000" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "00:app is root", change: func(in *Input) { in.Image.Config.User = "00:app" }, want: Fail, severity: gate.SeverityHigh, says: "uid 0"},
		{name: "65532 is not root by spelling", change: func(in *Input) { in.Image.Config.User = "65532" }, want: Pass},
		{name: "65532:65532 is not root by spelling", change: func(in *Input) { in.Image.Config.User = "65532:65532" }, want: Pass},
		{name: "65532:0 is not root by spelling", change: func(in *Input) { in.Image.Config.User = "65532:0" }, want: Pass},
		{name: "app is not root by spelling", change: func(in *Input) { in.Image.Config.User = "app" }, want: Pass},
		{name: "app:root is not root by spelling", change: func(in *Input) { in.Image.Config.User = "app:root" }, want: Pass},
		{name: "nonroot:nonroot is not root by spelling", change: func(in *Input) { in.Image.Config.User = "nonroot:nonroot" }, want: Pass},
		{name: "toor is not root by spelling", change: func(in *Input) { in.Image.Config.User = "toor" }, want: Pass},
		{name: "4294967296 is not root by spelling", change: func(in *Input) { in.Image.Config.User = "4294967296" }, want: Pass},
	})
}
