package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRootHelperEntry(t *testing.T) {
	starts := func(entrypoint []string, cmd ...string) func(*Input) {
		return func(in *Input) { in.Image.Config.Entrypoint, in.Image.Config.Cmd = entrypoint, cmd }
	}
	test(t, RootHelperEntry, []scenario{
		{name: "a program", want: Pass},
		{name: "nothing", change: starts(nil), want: Pass},
		{name: "sudo", change: starts([]string{"/usr/bin/sudo", "-E", "/app"}), want: Fail, severity: gate.SeverityMedium, says: "sudo"},
		{name: "gosu as ENTRYPOINT, the program as CMD", change: starts([]string{"gosu", "app"}, "/app"), want: Fail, says: "gosu"},
		{name: "su-exec behind tini", change: starts([]string{"/sbin/tini", "-g", "--", "su-exec", "app:app"}, "/app"), want: Fail, says: "su-exec"},
		{name: "in a script", change: starts(nil, "/bin/sh", "-c", "migrate && exec su app -c /app"), want: Fail, says: "su,"},
		{name: "an ssh server after another service", change: starts(nil, "sh", "-c", "service x start; /usr/sbin/sshd -D"), want: Fail, says: "sshd"},
		{name: "systemd", change: starts([]string{"/lib/systemd/systemd"}), want: Fail, says: "init system"},
		{name: "an init system by its usual name", change: starts(nil, "/sbin/init"), want: Fail, says: "init system"},
		{name: "cron", change: starts(nil, "crond", "-f"), want: Fail, says: "crond"},
		{name: "tini", change: starts([]string{"tini", "--", "/app"}), want: Pass},
		{name: "dumb-init", change: starts([]string{"/usr/bin/dumb-init", "/app"}), want: Pass},
		{name: "catatonit", change: starts([]string{"/usr/libexec/podman/catatonit", "--", "/app"}), want: Pass},
		{name: "an argument of that name", change: starts([]string{"/app"}, "sudo", "su"), want: Pass},
		{name: "the application's own init", change: starts([]string{"/init"}), want: Pass},
	})
}
