package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnsafePath(t *testing.T) {
	path := func(value string) func(*Input) {
		return func(in *Input) { in.Image.Config.Env = []string{"PATH=" + value} }
	}
	test(t, UnsafePath, []scenario{
		{name: "no PATH", want: Pass},
		{name: "an empty PATH", change: path(""), want: Pass},
		{name: "the usual one", change: path("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/app/bin"), want: Pass},
		{name: "ends with a colon", change: path("/usr/bin:"), want: Fail, severity: gate.SeverityMedium, says: "empty part"},
		{name: "relative", change: path("./node_modules/.bin:/usr/bin"), want: Fail, says: "./node_modules/.bin"},
		{name: "the home directory, which nobody fills in", change: path("~/bin:/usr/bin"), want: Fail, says: "~/bin"},
		{name: "the temporary directory", change: path("/usr/bin:/tmp"), want: Fail, says: "anybody"},
		{name: "the temporary directory in disguise", change: path("/usr/../var/tmp/x"), want: Fail, says: "anybody"},
		{name: "another directory with that name", change: path("/tmpl:/app/tmp"), want: Pass},
		{name: "of Windows", change: func(in *Input) { in.Image.Config.OS = "windows"; path(`C:\Windows;`)(in) }, want: NotApplicable},
		{name: "accepted by policy", change: func(in *Input) { path("/tmp")(in); in.Options.AllowedEnv = []string{"PATH"} }, want: Pass},
	})
}
