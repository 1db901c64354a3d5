package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUpdateAlone(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	scenarios := []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "it says which", change: run("apt-get update"), want: Fail, severity: gate.SeverityLow, says: "apt-get"},
		{name: "without a shell", change: history("RUN apt-get -qq update # buildkit"), want: Fail},
	}
	for script, want := range map[string]Outcome{
		"apt-get update && rm -rf /var/lib/apt/lists/*":       Fail,
		"set -eux; sudo apt-get -o Debug::x=1 update; echo x": Fail,
		"apk update":                                      Fail,
		"zypper refresh":                                  Fail,
		"apt-get update && apt-get clean":                 Fail,
		"apt-get update && apt-get install -y x":          Pass,
		"apt-get update; apt-get upgrade -y":              Pass,
		"apt-get update\napt-get install -y x":            Pass,
		"if true; then apt-get update; fi; apt install x": Pass,
		"sh -c 'apt-get update && apt-get install x'":     Pass,
		"apt-get update && ./install-more":                Pass,
		"apk update && apk add x":                         Pass,
		"apk add --update x":                              Pass,
		"yum update -y":                                   Pass,
		"apt-get install x":                               Pass,
		"echo apt-get update":                             Pass,
	} {
		scenarios = append(scenarios, scenario{name: script, change: run(script), want: want})
	}
	test(t, UpdateAlone, scenarios)
}
