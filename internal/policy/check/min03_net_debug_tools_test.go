package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestNetDebugTools(t *testing.T) {
	curl := withPrograms(gate.ProgramNetwork, gate.File{Path: "/usr/bin/curl"})
	checkedBy := func(command ...string) func(*Input) {
		return func(in *Input) {
			curl(in)
			in.Image.Config.Healthcheck = command
		}
	}
	test(t, NetDebugTools, []scenario{
		{name: "none", want: Pass},
		{name: "curl", change: curl, want: Fail, severity: gate.SeverityMedium, says: "/usr/bin/curl moves data"},
		{name: "a debugger", change: withPrograms(gate.ProgramDebug, gate.File{Path: "/usr/bin/gdb"}), want: Fail, severity: gate.SeverityMedium, says: "looks into"},
		{name: "a compiler is another check's business", change: withPrograms(gate.ProgramToolchain, gate.File{Path: "/usr/bin/gcc"}), want: Pass},
		{name: "curl for the health check", change: checkedBy("CMD", "/usr/bin/curl", "-f", "http://localhost"), want: Fail, severity: gate.SeverityLow, says: "HEALTHCHECK"},
		{name: "curl for the health check in a shell's line", change: checkedBy("CMD-SHELL", "test -f /ok && curl -f http://localhost||exit 1"), want: Fail, severity: gate.SeverityLow, says: "HEALTHCHECK"},
		{name: "a health check by something else", change: checkedBy("CMD-SHELL", "/app --curl-like"), want: Fail, severity: gate.SeverityMedium},
		{name: "nc beside the health check's curl", change: func(in *Input) {
			checkedBy("CMD", "curl", "localhost")(in)
			withPrograms(gate.ProgramNetwork, gate.File{Path: "/usr/bin/nc"})(in)
		}, want: Fail, severity: gate.SeverityMedium, says: "/usr/bin/nc"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
