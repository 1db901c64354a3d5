package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// withCredentials gives the image a credential file.
func withCredentials(f gate.SecretFile) func(*Input) {
	return func(in *Input) { in.Image.Contents.Credentials = append(in.Image.Contents.Credentials, f) }
}

func TestCredentialFiles(t *testing.T) {
	npmrc := gate.SecretFile{Kind: "npm token", Path: "/root/.npmrc", Layer: 1, Detail: "registry.npmjs.org"}
	deleted := npmrc
	deleted.Deleted = true
	test(t, CredentialFiles, []scenario{
		{name: "none", want: Pass},
		{name: "a token for npm", change: withCredentials(npmrc), want: Fail, severity: gate.SeverityHigh, says: `/root/.npmrc holds credentials (npm token: "registry.npmjs.org")`},
		{name: "credentials of git itself", change: withCredentials(gate.SecretFile{Kind: "git credentials", Path: "/root/.git-credentials"}), want: Fail, severity: gate.SeverityHigh},
		{name: "accepted by path", change: func(in *Input) {
			withCredentials(npmrc)(in)
			in.Options.AllowedSecretPaths = []string{"/root/**"}
		}, want: Pass},
		{name: "a deleted one is the business of CRED-04", change: withCredentials(deleted), want: Pass},
		{name: "a repository's address is the business of CRED-06", change: withCredentials(gate.SecretFile{Kind: "git remote", Path: "/app/.git/config"}), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
