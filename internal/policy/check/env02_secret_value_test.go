package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSecretValue(t *testing.T) {
	test(t, SecretValue, []scenario{
		{name: "no variable", want: Pass},
		{name: "a GitHub token", change: func(in *Input) { in.Image.Config.Env = []string{"X=ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"} }, want: Fail, severity: gate.SeverityCritical, says: "a GitHub token"},
		{name: "an AWS access key id", change: func(in *Input) { in.Image.Config.Env = []string{"X=AKIAQ3EGRZ7T5B2KUXNM"} }, want: Fail, severity: gate.SeverityCritical, says: "an AWS access key id"},
		{name: "a private key", change: func(in *Input) { in.Image.Config.Env = []string{"X=-----BEGIN RSA PRIVATE KEY-----"} }, want: Fail, severity: gate.SeverityCritical, says: "a private key"},
		{name: "a URL with a password", change: func(in *Input) { in.Image.Config.Env = []string{"X=postgres://app:hunter2@db.example/app"} }, want: Fail, severity: gate.SeverityCritical, says: "a URL with a password"},
		{name: "a Slack token", change: func(in *Input) { in.Image.Config.Env = []string{"X=xoxb-123456789012-abcdef"} }, want: Fail, severity: gate.SeverityCritical, says: "a Slack token"},
		{name: "documentation's key passes", change: func(in *Input) { in.Image.Config.Env = []string{"X=AKIAIOSFODNN7EXAMPLE"} }, want: Pass},
		{name: "a URL without a password passes", change: func(in *Input) { in.Image.Config.Env = []string{"X=https://idp.example/a:b@c"} }, want: Pass},
		{name: "a URL whose password is filled in later passes", change: func(in *Input) { in.Image.Config.Env = []string{"X=postgres://app:${PW}@db.example"} }, want: Pass},
		{name: "a GPG fingerprint passes", change: func(in *Input) { in.Image.Config.Env = []string{"X=E3FF2839C048B25C084DEBE9B26995E310250568"} }, want: Pass},
		{name: "a public key passes", change: func(in *Input) { in.Image.Config.Env = []string{"X=-----BEGIN PUBLIC KEY-----"} }, want: Pass},
		{name: "accepted by policy", change: func(in *Input) {
			in.Image.Config.Env = []string{"X=postgres://app:hunter2@db"}
			in.Options.AllowedEnv = []string{"X"}
		}, want: Pass},
	})
}
