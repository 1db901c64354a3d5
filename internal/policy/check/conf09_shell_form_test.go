package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestShellForm(t *testing.T) {
	starts := func(entrypoint, cmd []string) func(*Input) {
		return func(in *Input) {
			in.Image.Config.Entrypoint, in.Image.Config.Cmd = entrypoint, cmd
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh"}}
		}
	}
	script := []string{"/bin/sh", "-c", "app --port 80"}
	test(t, ShellForm, []scenario{
		{name: "a program", want: Pass},
		{name: "CMD without brackets", change: starts(nil, script), want: Fail, severity: gate.SeverityLow, says: "sh -c"},
		{name: "ENTRYPOINT without brackets", change: starts(script, nil), want: Fail, severity: gate.SeverityLow},
		{name: "with options of the shell", change: starts([]string{"bash", "-eo", "pipefail", "-c", "app"}, nil), want: Fail, says: "bash -c"},
		{name: "behind tini", change: starts([]string{"/sbin/tini", "--"}, script), want: Fail},
		{name: "ENTRYPOINT is the shell, CMD its script", change: starts([]string{"/bin/sh", "-c"}, []string{"app"}), want: Fail},
		{name: "a shell script by its file", change: starts([]string{"/docker-entrypoint.sh"}, []string{"app"}), want: Pass},
		{name: "a shell with a file", change: starts([]string{"/bin/sh", "/start.sh", "-c"}, nil), want: Pass},
		{name: "a shell to type into", change: starts(nil, []string{"bash"}), want: Pass},
		{name: "the program's own -c", change: starts([]string{"/app", "-c", "/etc/app"}, nil), want: Pass},
		{name: "no shell in the image", change: func(in *Input) { in.Image.Config.Entrypoint = script }, want: Fail, severity: gate.SeverityHigh, says: "cannot start"},
		{name: "the layers were not read", change: func(in *Input) { in.Image.Config.Entrypoint = script; unread(in) }, want: Fail, severity: gate.SeverityLow},
		{name: "the layers were read in part", change: func(in *Input) { in.Image.Config.Entrypoint = script; in.Image.Contents.Complete = false }, want: Fail, severity: gate.SeverityLow},
	})
}
