package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRemoteDebug(t *testing.T) {
	starts := func(words ...string) func(*Input) {
		return func(in *Input) { in.Image.Config.Entrypoint = words }
	}
	env := func(line string) func(*Input) {
		return func(in *Input) { in.Image.Config.Env = []string{line} }
	}
	test(t, RemoteDebug, []scenario{
		{name: "no debugger", want: Pass},
		{name: "jdwp for everybody", change: starts("java", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005", "-jar", "a.jar"), want: Fail, severity: gate.SeverityMedium, says: "jdwp"},
		{name: "jdwp by a port, which old Java opens to everybody", change: starts("java", "-Xrunjdwp:transport=dt_socket,server=y,address=5005"), want: Fail, severity: gate.SeverityMedium},
		{name: "jdwp for the container", change: starts("java", "-agentlib:jdwp=transport=dt_socket,server=y,address=localhost:5005"), want: Fail, severity: gate.SeverityLow},
		{name: "jdwp in the environment", change: env("JAVA_TOOL_OPTIONS=-Xmx1g -agentlib:jdwp=transport=dt_socket,server=y,address=0.0.0.0:5005"), want: Fail, severity: gate.SeverityMedium, says: "JAVA_TOOL_OPTIONS"},
		{name: "node for everybody", change: starts("node", "--inspect=0.0.0.0:9229", "a.js"), want: Fail, severity: gate.SeverityMedium, says: "--inspect"},
		{name: "node for the container", change: starts("node", "--inspect", "a.js"), want: Fail, severity: gate.SeverityLow},
		{name: "node by a port", change: starts("node", "--inspect-brk=9229", "a.js"), want: Fail, severity: gate.SeverityLow},
		{name: "node by an address of the container", change: starts("node", "--inspect=127.0.0.1:9229"), want: Fail, severity: gate.SeverityLow},
		{name: "node in the environment", change: env("NODE_OPTIONS=--inspect=[::]:9229"), want: Fail, severity: gate.SeverityMedium},
		{name: "in a script", change: starts("sh", "-c", "exec dlv exec --headless --listen=:2345 /app"), want: Fail, severity: gate.SeverityMedium, says: "dlv"},
		{name: "dlv for the container", change: starts("dlv", "--headless", "--listen", "127.0.0.1:2345", "exec", "/app"), want: Fail, severity: gate.SeverityLow},
		{name: "debugpy", change: starts("python", "-m", "debugpy", "--listen", "0.0.0.0:5678", "a.py"), want: Fail, severity: gate.SeverityMedium, says: "debugpy"},
		{name: "debugpy by a port", change: starts("python", "-m", "debugpy", "--listen", "5678", "a.py"), want: Fail, severity: gate.SeverityLow},
		{name: "another program's --inspect", change: starts("/app", "--inspect"), want: Pass},
		{name: "another agent", change: env("JAVA_TOOL_OPTIONS=-javaagent:/opt/otel.jar"), want: Pass},
		{name: "a variable that nobody reads", change: env("NOTES=--inspect=0.0.0.0"), want: Pass},
		{name: "accepted by policy", change: func(in *Input) {
			env("NODE_OPTIONS=--inspect=0.0.0.0")(in)
			in.Options.AllowedEnv = []string{"NODE_OPTIONS"}
		}, want: Pass},
	})
}
