package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestLoaderHijack(t *testing.T) {
	var scenarios []scenario
	for _, c := range []struct {
		line     string
		severity gate.Severity // empty: it passes
	}{
		{"LD_PRELOAD=/app/hook.so", gate.SeverityHigh},
		{"LD_PRELOAD=/usr/lib/libjemalloc.so.2:/proc/self/cwd/x.so", gate.SeverityHigh},
		{"LD_PRELOAD=/tmp/libjemalloc.so", gate.SeverityHigh},
		{"LD_PRELOAD=/usr/lib/../../tmp/libjemalloc.so.2", gate.SeverityHigh},
		{"LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", ""},
		{"LD_PRELOAD=libjemalloc.so.2", ""},
		{"LD_PRELOAD=/usr/local/lib/libmimalloc.so /usr/lib/libtcmalloc_minimal.so.4", ""},
		{"LD_PRELOAD=/opt/dynatrace/oneagent/agent/lib64/liboneagentproc.so", ""},
		{"LD_PRELOAD=", ""},
		{"LD_AUDIT=/usr/lib/audit.so", gate.SeverityHigh},
		{"LD_LIBRARY_PATH=./lib:/usr/lib", gate.SeverityHigh},
		{"LD_LIBRARY_PATH=/usr/lib:/tmp/../tmp/x", gate.SeverityHigh},
		{"LD_LIBRARY_PATH=/proc/self/cwd", gate.SeverityHigh},
		{"LD_LIBRARY_PATH=/usr/local/cuda/lib64:", gate.SeverityMedium},
		{"LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64:/opt/java/lib", ""},
		{"LD_LIBRARY_PATH=$ORIGIN/../lib:/app/lib", ""},
		{"LD_LIBRARY_PATH=", ""},
		{"BASH_ENV=/root/.env", gate.SeverityMedium},
		{"ENV=/etc/profile.d/x.sh", gate.SeverityMedium},
		{"ENV=production", ""},
		{"PYTHONSTARTUP=/x.py", gate.SeverityMedium},
		{"PERL5OPT=-Mx", gate.SeverityMedium},
		{"NODE_OPTIONS=--max-old-space-size=4096 --require ./hook.js", gate.SeverityMedium},
		{"NODE_OPTIONS=--import=/app/hook.mjs", gate.SeverityMedium},
		{"NODE_OPTIONS=--require dd-trace/init", ""},
		{"NODE_OPTIONS=--require @opentelemetry/auto-instrumentations-node/register", ""},
		{"NODE_OPTIONS=--enable-source-maps", ""},
		{"RUBYOPT=-W0 -rhook", gate.SeverityMedium},
		{"RUBYOPT=-W:no-deprecated -rbundler/setup --yjit", ""},
		{"JAVA_TOOL_OPTIONS=-Xmx1g -javaagent:/app/hook.jar", gate.SeverityMedium},
		{"JAVA_TOOL_OPTIONS=-agentpath:/tmp/x.so", gate.SeverityMedium},
		{"JAVA_TOOL_OPTIONS=-javaagent:/tmp/newrelic.jar", gate.SeverityMedium},
		{"JAVA_TOOL_OPTIONS=-javaagent:/otel/opentelemetry-javaagent.jar", ""},
		{"JAVA_TOOL_OPTIONS=-javaagent:/x/jmx_prometheus_javaagent-1.0.1.jar=9404:/x.yaml", ""},
		{"JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket", ""},
		{"PATH=/tmp", ""},
	} {
		s := scenario{name: c.line, change: func(in *Input) { in.Image.Config.Env = []string{c.line} }, want: Pass}
		if c.severity != "" {
			s.want, s.severity = Fail, c.severity
		}
		scenarios = append(scenarios, s)
	}
	test(t, LoaderHijack, append(scenarios,
		scenario{name: "no variable", want: Pass},
		scenario{name: "accepted by policy", change: func(in *Input) {
			in.Image.Config.Env = []string{"LD_PRELOAD=/app/hook.so"}
			in.Options.AllowedEnv = []string{"LD_PRELOAD"}
		}, want: Pass},
		scenario{name: "the worst comes first", change: func(in *Input) {
			in.Image.Config.Env = []string{"BASH_ENV=/x", "LD_AUDIT=/x"}
		}, want: Fail, severity: gate.SeverityHigh, says: "LD_AUDIT"},
	))
}
