package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPrivilegedDaemons(t *testing.T) {
	test(t, PrivilegedDaemons, []scenario{
		{name: "none", want: Pass},
		{name: "cron", change: withPrograms(gate.ProgramDaemon, gate.File{Path: "/usr/sbin/cron"}), want: Fail, severity: gate.SeverityLow, says: "/usr/sbin/cron is a daemon"},
		{name: "applets of busybox are one", change: withPrograms(gate.ProgramDaemon, gate.File{Path: "/sbin/init", Target: "/bin/busybox"}, gate.File{Path: "/usr/sbin/crond", Target: "/bin/busybox"}), want: Fail, says: "/bin/busybox (as init, crond)"},
		{name: "an SSH server is another check's business", change: withPrograms(gate.ProgramSSHServer, gate.File{Path: "/usr/sbin/sshd"}), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
