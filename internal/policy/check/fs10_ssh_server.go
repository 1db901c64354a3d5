package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// SSHServer is FS-10.
var SSHServer = &Check{
	ID: "FS-10", Name: "ssh-server", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "SSH servers, their host keys, and files of keys that may log in.",
		Why:     "A second way in, past the cluster's own access control and audit. A host key in an image is the same in every container and known to all who pull it.",
		Example: "/usr/sbin/sshd, /etc/ssh/ssh_host_ed25519_key and /root/.ssh/authorized_keys fail; the ssh client that git needs passes.",
		Fix:     "Remove the server and its keys; kubectl exec and kubectl debug give access that is logged.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, p := range grouped(ofKinds(c, gate.ProgramSSHServer)) {
			findings = append(findings, p.finding("", "is an SSH server", "remove its package; kubectl exec gives access that is logged"))
		}
		for _, f := range ofDetail(c.Remote, gate.RemoteHostKey, gate.RemoteAuthorizedKeys) {
			says, fix := "holds keys that may log in", "remove the file; kubectl exec gives access that is logged"
			if f.Detail == gate.RemoteHostKey {
				says, fix = "is an SSH host key, the same in every container", "remove the key, and let the server make one at its first start if it must be there"
			}
			findings = append(findings, Finding{Message: fmt.Sprintf("%s %s", f.Path, says), Fix: fix, Layer: at(f.Layer), Path: f.Path, Subject: f.Detail})
		}
		return judged(c, "programs", findings, "programs", "remote")
	},
}
