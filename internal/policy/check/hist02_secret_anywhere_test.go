package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSecretAnywhere(t *testing.T) {
	const token = "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"
	test(t, SecretAnywhere, []scenario{
		{name: "no credential", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "in a RUN", change: history("RUN /bin/sh -c curl -H 'Authorization: token " + token + "' x # buildkit"), want: Fail, severity: gate.SeverityCritical, says: "history line 1: its line holds a GitHub token"},
		{name: "in words of no builder", change: history("COPY app /app", "made with "+token), want: Fail, says: "history line 2"},
		{name: "in a URL", change: history("RUN /bin/sh -c git clone https://a:hunter2@git.example/x # buildkit"), want: Fail, says: "a URL with a password"},
		{name: "in a comment", change: func(in *Input) { in.Image.Config.History[0].Comment = token }, want: Fail, says: "comment"},
		{name: "as the author", change: func(in *Input) { in.Image.Config.History[0].Author = token }, want: Fail, says: "author"},
		{name: "behind documentation's key", change: history("RUN x AKIAIOSFODNN7EXAMPLE AKIAQ3EGRZ7T5B2KUXNM"), want: Fail, says: "an AWS access key id"},
		{name: "documentation's key", change: history("RUN x AKIAIOSFODNN7EXAMPLE"), want: Pass},
		{name: "a fingerprint", change: history("RUN gpg --recv-keys E3FF2839C048B25C084DEBE9B26995E310250568"), want: Pass},
		{name: "past what is read", change: func(in *Input) {
			lines := make([]string, maxSteps+1)
			lines[maxSteps] = token
			history(lines...)(in)
		}, want: Unknown, says: "513 lines"},
	})
	in := sound()
	in.Image = &in.Evidence.Images[0]
	history("RUN " + token)(in)
	if f := SecretAnywhere.Decide(*in).Findings[0]; strings.Contains(f.Message+f.Subject, token) {
		t.Errorf("the value is shown: %+v", f)
	}
}
