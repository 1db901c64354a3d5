package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestTLSOff(t *testing.T) {
	var scenarios []scenario
	for _, c := range []struct {
		line     string
		severity gate.Severity // empty: it passes
	}{
		{"NODE_TLS_REJECT_UNAUTHORIZED=0", gate.SeverityHigh},
		{`NODE_TLS_REJECT_UNAUTHORIZED="0"`, gate.SeverityHigh},
		{"NODE_TLS_REJECT_UNAUTHORIZED=1", ""},
		{"PYTHONHTTPSVERIFY=0", gate.SeverityHigh},
		{"GIT_SSL_NO_VERIFY=false", gate.SeverityHigh},
		{"npm_config_strict_ssl=false", gate.SeverityHigh},
		{"NPM_CONFIG_STRICT_SSL=true", ""},
		{"PIP_TRUSTED_HOST=pypi.org", gate.SeverityHigh},
		{"PIP_TRUSTED_HOST=", ""},
		{"GOINSECURE=git.example", gate.SeverityHigh},
		{"GONOSUMDB=*", gate.SeverityHigh},
		{"GONOSUMDB=git.example/*", ""},
		{"GOSUMDB=off", gate.SeverityHigh},
		{"GOSUMDB=sum.golang.org", ""},
		{"GOFLAGS=-mod=mod -insecure", gate.SeverityHigh},
		{"GOFLAGS=-mod=vendor", ""},
		{"DOCKER_CONTENT_TRUST=0", gate.SeverityLow},
		{"DOCKER_CONTENT_TRUST=1", ""},
		{"CURL_INSECURE=1", gate.SeverityMedium},
		{"VAULT_SKIP_VERIFY=true", gate.SeverityMedium},
		{"VAULT_SKIP_VERIFY=false", ""},
		{"APP_VERIFY_SSL=False", gate.SeverityMedium},
		{"APP_VERIFY_SSL=true", ""},
		{"OTEL_EXPORTER_OTLP_INSECURE=true", ""},
		{"SSL_CERT_FILE=/etc/ssl/ca.pem", ""},
	} {
		s := scenario{name: c.line, change: func(in *Input) { in.Image.Config.Env = []string{c.line} }, want: Pass}
		if c.severity != "" {
			s.want, s.severity = Fail, c.severity
		}
		scenarios = append(scenarios, s)
	}
	test(t, TLSOff, append(scenarios,
		scenario{name: "no variable", want: Pass},
		scenario{name: "accepted by policy", change: func(in *Input) {
			in.Image.Config.Env = []string{"PIP_TRUSTED_HOST=pypi.example"}
			in.Options.AllowedEnv = []string{"PIP_TRUSTED_HOST"}
		}, want: Pass},
	))
}
