package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSelfModifiableApp(t *testing.T) {
	writable := func(p string) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Command = &gate.Command{Argument: "server", Path: "/app/server", Writable: []gate.File{{Path: p, UID: 65532, GID: 65532, Mode: 0o755}}}
		}
	}
	test(t, SelfModifiableApp, []scenario{
		{name: "nothing can be changed", want: Pass},
		{name: "the program", change: writable("/app/server"), want: Fail, severity: gate.SeverityMedium, says: "/app/server, the program it starts"},
		{name: "its directory", change: writable("/app"), want: Fail, severity: gate.SeverityMedium, says: "the directory of the program"},
		{name: "where the system's programs are", change: writable("/usr/local/bin"), want: Fail, severity: gate.SeverityMedium, says: "PATH"},
		{name: "a directory of PATH at home", change: writable("/home/app/.local/bin"), want: Fail, severity: gate.SeverityLow, says: "65532:65532"},
		{name: "root may change everything anyway", change: func(in *Input) {
			writable("/app/server")(in)
			zero := 0
			in.Image.Contents.User.UID = &zero
		}, want: NotApplicable, says: "root"},
		{name: "nobody knows the user", change: func(in *Input) { in.Image.Contents.User.UID = nil }, want: Unknown, says: "cannot be resolved"},
		{name: "nobody knows the group", change: func(in *Input) { in.Image.Contents.User.GID = nil }, want: Unknown, says: "cannot be resolved"},
		{name: "nothing is started", change: func(in *Input) {
			in.Image.Contents.Command, in.Image.Config.Entrypoint = nil, nil
		}, want: NotApplicable, says: "CONF-08"},
		{name: "nobody looked the command up", change: func(in *Input) { in.Image.Contents.Command = nil }, want: Unknown},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
