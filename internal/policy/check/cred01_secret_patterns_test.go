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
		{name: "a file of the distribution's package", change: func(in *Input) {
			in.Image.Contents.Secrets = []gate.Secret{{RuleID: "github-pat", Title: "GitHub token", Severity: gate.SeverityCritical, Path: "/app/tests/t.txt"}}
			in.Image.Contents.Secrets[0].Package = "libexample"
		}, want: Fail, severity: gate.SeverityMedium, says: "libexample"},
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
