package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDeletedSecret(t *testing.T) {
	test(t, DeletedSecret, []scenario{
		{name: "none", want: Pass},
		{name: "a visible one is the business of CRED-01", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
		}, want: Pass},
		{name: "deleted by a later layer", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Image.Contents.Secrets[0].Deleted, in.Image.Contents.Secrets[0].RemovedBy = true, 3
		}, want: Fail, severity: gate.SeverityCritical, says: "layer 3 deletes it"},
		{name: "a deleted key", change: func(in *Input) {
			in.Image.Contents.Keys = []gate.SecretFile{{Kind: "PEM private key", Path: "/app/tls.key", Deleted: true, RemovedBy: 2}}
		}, want: Fail, severity: gate.SeverityCritical, says: "layer 2 deletes it"},
		{name: "a deleted key that a passphrase protects", change: func(in *Input) {
			in.Image.Contents.Keys = []gate.SecretFile{{Kind: "PEM private key", Path: "/app/tls.key", Deleted: true, RemovedBy: 2, Encrypted: true}}
		}, want: Fail, severity: gate.SeverityMedium, says: "passphrase"},
		{name: "a deleted credential file", change: withCredentials(gate.SecretFile{Kind: "npm config", Path: "/root/.npmrc", Deleted: true, RemovedBy: 2}), want: Fail, severity: gate.SeverityCritical, says: "/root/.npmrc holds credentials"},
		{name: "a deleted credential file that is accepted", change: func(in *Input) {
			withCredentials(gate.SecretFile{Kind: "npm config", Path: "/root/.npmrc", Deleted: true})(in)
			in.Options.AllowedSecretPaths = []string{"/root/*"}
		}, want: Pass},
		{name: "visible files are the business of others", change: func(in *Input) {
			withCredentials(gate.SecretFile{Kind: "npm config", Path: "/root/.npmrc"})(in)
			in.Image.Contents.Keys = []gate.SecretFile{{Kind: "PEM private key", Path: "/app/tls.key"}}
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}

func TestADeletedFileIsToldOnce(t *testing.T) {
	in := sound()
	in.Image = &in.Evidence.Images[0]
	in.Image.Contents.Secrets = []gate.Secret{
		{RuleID: "private-key", Path: "/root/key.pem", Deleted: true, Severity: gate.SeverityHigh},
		{RuleID: "npm-access-token", Title: "npm access token", Path: "/root/.npmrc", Deleted: true, Severity: gate.SeverityCritical},
	}
	in.Image.Contents.Keys = []gate.SecretFile{{Kind: "PEM private key", Path: "/root/key.pem", Deleted: true}}
	withCredentials(gate.SecretFile{Kind: "npm config", Path: "/root/.npmrc", Deleted: true})(in)
	if got := DeletedSecret.Decide(*in); len(got.Findings) != 2 || got.Findings[0].Path != "/root/.npmrc" || got.Findings[1].Path != "/root/key.pem" {
		t.Errorf("%+v", got.Findings)
	}
}
