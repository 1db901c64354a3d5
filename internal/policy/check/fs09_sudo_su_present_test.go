package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSudoSuPresent(t *testing.T) {
	noPassword := func(in *Input) {
		in.Image.Contents.Remote = []gate.File{{Path: "/etc/sudoers.d/app", Detail: gate.RemoteSudoNoPassword}}
	}
	test(t, SudoSuPresent, []scenario{
		{name: "none", want: Pass},
		{name: "a setuid sudo", change: withPrograms(gate.ProgramPrivilege, gate.File{Path: "/usr/bin/sudo", Mode: 0o4755}), want: Fail, severity: gate.SeverityMedium, says: "/usr/bin/sudo"},
		{name: "busybox's su", change: withPrograms(gate.ProgramPrivilege, gate.File{Path: "/bin/su", Target: "/bin/busybox", Mode: 0o755}), want: Fail, severity: gate.SeverityLow, says: "no setuid bit"},
		{name: "newuidmap with a capability", change: func(in *Input) {
			withPrograms(gate.ProgramPrivilege, gate.File{Path: "/usr/bin/newuidmap", Mode: 0o755})(in)
			in.Image.Contents.Capabilities = []gate.File{{Path: "/usr/bin/newuidmap", Detail: "cap_setuid"}}
		}, want: Fail, severity: gate.SeverityMedium, says: "newuidmap"},
		{name: "no password asked and sudo there", change: func(in *Input) {
			withPrograms(gate.ProgramPrivilege, gate.File{Path: "/usr/bin/sudo", Mode: 0o4755})(in)
			noPassword(in)
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "no password asked by nobody", change: noPassword, want: Fail, severity: gate.SeverityLow, says: "/etc/sudoers.d/app"},
		{name: "an SSH key is another check's business", change: func(in *Input) {
			in.Image.Contents.Remote = []gate.File{{Path: "/root/.ssh/authorized_keys", Detail: gate.RemoteAuthorizedKeys}}
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
