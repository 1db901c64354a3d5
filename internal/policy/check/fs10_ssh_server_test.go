package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSSHServer(t *testing.T) {
	remote := func(p, kind string) func(*Input) {
		return func(in *Input) { in.Image.Contents.Remote = []gate.File{{Path: p, Detail: kind}} }
	}
	test(t, SSHServer, []scenario{
		{name: "none", want: Pass},
		{name: "sshd", change: withPrograms(gate.ProgramSSHServer, gate.File{Path: "/usr/sbin/sshd"}), want: Fail, severity: gate.SeverityHigh, says: "/usr/sbin/sshd"},
		{name: "the client", change: withPrograms(gate.ProgramNetwork, gate.File{Path: "/usr/bin/ssh"}), want: Pass},
		{name: "a host key", change: remote("/etc/ssh/ssh_host_rsa_key", gate.RemoteHostKey), want: Fail, severity: gate.SeverityHigh, says: "the same in every container"},
		{name: "keys that may log in", change: remote("/root/.ssh/authorized_keys", gate.RemoteAuthorizedKeys), want: Fail, severity: gate.SeverityHigh, says: "may log in"},
		{name: "sudo is another check's business", change: remote("/etc/sudoers", gate.RemoteSudoNoPassword), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
