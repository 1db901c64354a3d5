package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDistUpgrade(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	test(t, DistUpgrade, []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "apt-get", change: run("apt-get update && apt-get -y dist-upgrade"), want: Fail, severity: gate.SeverityLow, says: "apt-get dist-upgrade"},
		{name: "apt", change: run("sudo apt full-upgrade -y"), want: Fail},
		{name: "zypper", change: run("zypper --non-interactive dup"), want: Fail, says: "zypper dup"},
		{name: "with an option before it", change: run("apt-get -o Dpkg::Options::=--force-confold dist-upgrade"), want: Fail},
		{name: "the first builder", change: history("/bin/sh -c apt-get dist-upgrade -y"), want: Fail},
		{name: "a plain upgrade", change: run("apt-get upgrade -y"), want: Pass},
		{name: "a package of that name", change: run("apt-get install dist-upgrade"), want: Pass},
	})
}
