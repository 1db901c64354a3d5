package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSecretPatterns(t *testing.T) {
	test(t, SecretPatterns, []scenario{
		{name: "none", want: Pass},
		{name: "a token among the tests", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
		}, want: Fail, severity: gate.SeverityCritical, says: "/app/tests/t.txt"},
		{name: "a package's own, of the proven base", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Image.Contents.Secrets[0].Package = "libexample"
			in.Image.Base = &gate.Base{Proof: gate.ProofMatched, Layers: 1}
		}, want: Fail, severity: gate.SeverityMedium, says: "libexample"},
		{name: "a package's own, by the word of a layer above the base", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt", Layer: 1}}
			in.Image.Contents.Secrets[0].Package = "libexample"
			in.Image.Base = &gate.Base{Proof: gate.ProofMatched, Layers: 1}
		}, want: Fail, severity: gate.SeverityCritical, says: "libexample"},
		{name: "a private key is the business of CRED-02", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "private-key", Title: "Asymmetric Private Key", Severity: gate.SeverityHigh, Path: "/app/tls.key"}}
		}, want: Pass},
		{name: "accepted by path", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Options.AllowedSecretPaths = []string{"/app/tests/**"}
		}, want: Pass},
		{name: "another path is not accepted", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Options.AllowedSecretPaths = []string{"/app/*"}
		}, want: Fail},
		{name: "a deleted one is the business of CRED-04", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Image.Contents.Secrets[0].Deleted = true
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
