package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSecretInArgs(t *testing.T) {
	starts := func(words ...string) func(*Input) {
		return func(in *Input) { in.Image.Config.Entrypoint, in.Image.Config.Cmd = words[:1], words[1:] }
	}
	const token = "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"
	test(t, SecretInArgs, []scenario{
		{name: "no argument", want: Pass},
		{name: "an option", change: starts("/app", "--db-password=hunter2"), want: Fail, severity: gate.SeverityHigh, says: "--db-password"},
		{name: "an option and its value", change: starts("/app", "--token", "hunter2"), want: Fail, says: "--token"},
		{name: "a property of Java", change: starts("java", "-DdbPassword=hunter2", "-jar", "a.jar"), want: Fail, says: "-DdbPassword"},
		{name: "in a shell's script", change: starts("/bin/sh", "-c", "exec app --password hunter2 --port 80"), want: Fail, says: "--password"},
		{name: "a variable in a script", change: starts("/bin/sh", "-c", "DB_PASSWORD=hunter2 app"), want: Fail, says: "DB_PASSWORD"},
		{name: "a variable of env", change: starts("env", "DB_PASSWORD=hunter2", "app"), want: Fail, says: "DB_PASSWORD"},
		{name: "MySQL's -p", change: starts("mysql", "-uroot", "-phunter2"), want: Fail, says: "-p"},
		{name: "sshpass -p", change: starts("sshpass", "-p", "hunter2", "ssh", "x"), want: Fail, says: "-p"},
		{name: "Redis", change: starts("redis-server", "--requirepass", "hunter2"), want: Fail, says: "--requirepass"},
		{name: "a token without a name", change: starts("/app", token), want: Fail, severity: gate.SeverityHigh, says: "a GitHub token"},
		{name: "a URL with a password", change: starts("/app", "--db=postgres://a:hunter2@db/x"), want: Fail, says: "a URL with a password"},
		{name: "a header", change: starts("curl", "-H", "Authorization: Bearer hunter2"), want: Fail, says: "Authorization"},
		{name: "a placeholder is LOW", change: starts("/app", "--password=changeme"), want: Fail, severity: gate.SeverityLow},
		{name: "Java's own trust store is LOW", change: starts("java", "-Djavax.net.ssl.trustStorePassword=changeit"), want: Fail, severity: gate.SeverityLow},
		{name: "a reference", change: starts("/app", "--password=$DB_PASSWORD"), want: Pass},
		{name: "a reference in a script", change: starts("sh", "-c", `app --password "${DB_PASSWORD}" --token $(cat /run/t)`), want: Pass},
		{name: "a file", change: starts("/app", "--password-file", "/run/secrets/db", "--token=/run/secrets/t"), want: Pass},
		{name: "a switch", change: starts("docker", "login", "--password-stdin", "registry.example"), want: Pass},
		{name: "a switch before another option", change: starts("/app", "--ask-password", "--port", "80"), want: Pass},
		{name: "another program's -p", change: starts("mkdir", "-p", "secret"), want: Pass},
		{name: "a public key", change: starts("/app", "--public-key=abcdef"), want: Pass},
	})
	in := sound()
	in.Image = &in.Evidence.Images[0]
	starts("/bin/sh", "-c", "curl https://a:hunter2@x -H 'Authorization: Basic hunter2' --token=hunter2 && sshpass -phunter2 ssh "+token)(in)
	r := SecretInArgs.Decide(*in)
	if len(r.Findings) < 4 {
		t.Errorf("%d findings: %+v", len(r.Findings), r.Findings)
	}
	for _, f := range r.Findings {
		if strings.Contains(f.Message+f.Subject+f.Fix, "hunter2") || strings.Contains(f.Message+f.Subject, token) {
			t.Errorf("a value is shown: %+v", f)
		}
	}
}
