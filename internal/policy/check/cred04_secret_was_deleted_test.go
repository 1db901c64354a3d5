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
	})
}
