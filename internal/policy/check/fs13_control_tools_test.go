package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestControlTools(t *testing.T) {
	remote := func(p, kind string) func(*Input) {
		return func(in *Input) { in.Image.Contents.Remote = []gate.File{{Path: p, Detail: kind}} }
	}
	test(t, ControlTools, []scenario{
		{name: "none", want: Pass},
		{name: "kubectl", change: withPrograms(gate.ProgramControl, gate.File{Path: "/usr/local/bin/kubectl"}), want: Fail, severity: gate.SeverityMedium, says: "kubectl"},
		{name: "nsenter of busybox", change: withPrograms(gate.ProgramControl, gate.File{Path: "/usr/bin/nsenter", Target: "/bin/busybox"}), want: Fail, severity: gate.SeverityLow, says: "nsenter"},
		{name: "the worst comes first", change: withPrograms(gate.ProgramControl, gate.File{Path: "/usr/bin/nsenter"}, gate.File{Path: "/usr/bin/docker"}), want: Fail, severity: gate.SeverityMedium, says: "docker"},
		{name: "a socket", change: remote("/run/docker.sock", gate.RemoteDockerSocket), want: Fail, severity: gate.SeverityMedium, says: "/run/docker.sock"},
		{name: "credentials of a kubelet", change: remote("/var/lib/kubelet/pki/kubelet.key", gate.RemoteKubelet), want: Fail, severity: gate.SeverityHigh, says: "kubelet"},
		{name: "an SSH key is another check's business", change: remote("/root/.ssh/authorized_keys", gate.RemoteAuthorizedKeys), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
