package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSudoBuild(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	test(t, SudoBuild, []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "sudo", change: run("sudo -E apt-get update"), want: Fail, severity: gate.SeverityLow, says: "sudo"},
		{name: "by its path, in a script", change: run("if true; then x; /usr/bin/sudo y; fi"), want: Fail},
		{name: "behind a variable", change: run("A=1 sudo y"), want: Fail},
		{name: "that starts nothing", change: run("sudo -v"), want: Fail},
		{name: "installing it is for FS-09", change: run("apt-get install -y sudo"), want: Pass},
		{name: "a word of that name", change: run("echo sudo x; usermod -aG sudo app"), want: Pass},
	})
}
