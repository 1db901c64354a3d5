package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSecretName(t *testing.T) {
	test(t, SecretName, []scenario{
		{name: "no variable", want: Pass},
		{name: "DB_PASSWORD=hunter2 fails", change: func(in *Input) { in.Image.Config.Env = []string{"DB_PASSWORD=hunter2"} }, want: Fail, severity: gate.SeverityHigh, says: "DB_PASSWORD"},
		{name: "PASSWORD=x1y2 fails", change: func(in *Input) { in.Image.Config.Env = []string{"PASSWORD=x1y2"} }, want: Fail, severity: gate.SeverityHigh, says: "PASSWORD"},
		{name: "AWS_SECRET_ACCESS_KEY=abcdefgh fails", change: func(in *Input) { in.Image.Config.Env = []string{"AWS_SECRET_ACCESS_KEY=abcdefgh"} }, want: Fail, severity: gate.SeverityHigh, says: "AWS_SECRET_ACCESS_KEY"},
		{name: "api-key=abcdef fails", change: func(in *Input) { in.Image.Config.Env = []string{"api-key=abcdef"} }, want: Fail, severity: gate.SeverityHigh, says: "api-key"},
		{name: "GITHUB_TOKEN=abc fails", change: func(in *Input) { in.Image.Config.Env = []string{"GITHUB_TOKEN=abc"} }, want: Fail, severity: gate.SeverityHigh, says: "GITHUB_TOKEN"},
		{name: "SECRET_KEY_BASE=0a1b2c fails", change: func(in *Input) { in.Image.Config.Env = []string{"SECRET_KEY_BASE=0a1b2c"} }, want: Fail, severity: gate.SeverityHigh, says: "SECRET_KEY_BASE"},
		{name: "MYSQL_ROOT_PASSWORD=123456 fails", change: func(in *Input) { in.Image.Config.Env = []string{"MYSQL_ROOT_PASSWORD=123456"} }, want: Fail, severity: gate.SeverityHigh, says: "MYSQL_ROOT_PASSWORD"},
		{name: "a placeholder is LOW", change: func(in *Input) { in.Image.Config.Env = []string{"DB_PASSWORD=changeme"} }, want: Fail, severity: gate.SeverityLow},
		{name: "DB_PASSWORD_FILE=/run/secrets/db passes", change: func(in *Input) { in.Image.Config.Env = []string{"DB_PASSWORD_FILE=/run/secrets/db"} }, want: Pass},
		{name: "DB_PASSWORD= passes", change: func(in *Input) { in.Image.Config.Env = []string{"DB_PASSWORD="} }, want: Pass},
		{name: "API_TOKEN=${TOKEN} passes", change: func(in *Input) { in.Image.Config.Env = []string{"API_TOKEN=${TOKEN}"} }, want: Pass},
		{name: "TOKEN_TTL=3000000 passes", change: func(in *Input) { in.Image.Config.Env = []string{"TOKEN_TTL=3000000"} }, want: Pass},
		{name: "PUBLIC_KEY=abc passes", change: func(in *Input) { in.Image.Config.Env = []string{"PUBLIC_KEY=abc"} }, want: Pass},
		{name: "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568 passes", change: func(in *Input) { in.Image.Config.Env = []string{"GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568"} }, want: Pass},
		{name: "PWD=/app passes", change: func(in *Input) { in.Image.Config.Env = []string{"PWD=/app"} }, want: Pass},
		{name: "PASSENGER_APP=web passes", change: func(in *Input) { in.Image.Config.Env = []string{"PASSENGER_APP=web"} }, want: Pass},
		{name: "TOKENIZER=bert passes", change: func(in *Input) { in.Image.Config.Env = []string{"TOKENIZER=bert"} }, want: Pass},
		{name: "SECRETS_DIR=/s passes", change: func(in *Input) { in.Image.Config.Env = []string{"SECRETS_DIR=/s"} }, want: Pass},
		{name: "USE_PASSWORD=true passes", change: func(in *Input) { in.Image.Config.Env = []string{"USE_PASSWORD=true"} }, want: Pass},
		{name: "VAULT_TOKEN=vault:secret/x#y passes", change: func(in *Input) { in.Image.Config.Env = []string{"VAULT_TOKEN=vault:secret/x#y"} }, want: Pass},
		{name: "SECRET_NAME=db passes", change: func(in *Input) { in.Image.Config.Env = []string{"SECRET_NAME=db"} }, want: Pass},
		{name: "TOKEN_ENDPOINT=https://idp.example/token passes", change: func(in *Input) { in.Image.Config.Env = []string{"TOKEN_ENDPOINT=https://idp.example/token"} }, want: Pass},
		{name: "accepted by policy", change: func(in *Input) {
			in.Image.Config.Env = []string{"DB_PASSWORD=hunter2"}
			in.Options.AllowedEnv = []string{"DB_PASSWORD"}
		}, want: Pass},
	})
}
