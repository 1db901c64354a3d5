package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnpinnedPackages(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	scenarios := []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "it says which", change: run("apt-get update && apt-get install -y --no-install-recommends curl git=1:2.39 jq"), want: Fail, severity: gate.SeverityInfo, says: `apt-get installs without a version: "curl", "jq"`},
		{name: "many are cut", change: run("apk add a b c d e f g"), want: Fail, says: "and 2 more"},
	}
	for script, want := range map[string]Outcome{
		"apt-get install -y curl=7.88.1-10":                   Pass,
		"apt-get -o Dpkg::Use-Pty=0 -t bookworm install git":  Fail,
		"apt install python3.11":                              Fail,
		"apt-get install ./x.deb":                             Pass,
		"apt-get install $BUILD_DEPS":                         Pass,
		"apt-get remove curl":                                 Pass,
		"apk add --no-cache git":                              Fail,
		"apk add --no-cache --virtual .build git=2.45.2-r0":   Pass,
		"apk add 'git~2.45'":                                  Pass,
		"pip install flask":                                   Fail,
		"pip3.12 install --no-cache-dir flask==3.1.0":         Pass,
		"python3 -m pip install --upgrade pip":                Fail,
		"uv pip install flask":                                Fail,
		"pip install -r requirements.txt":                     Pass,
		"pip install .":                                       Pass,
		"pip install -i https://pypi.example/simple flask==1": Pass,
		"npm install -g serve":                                Fail,
		"npm install -g serve@14.2.3 @scope/x@1.0.0":          Pass,
		"npm install -g @scope/x":                             Fail,
		"npm ci":                                              Pass,
		"npm install":                                         Pass,
		"gem install bundler":                                 Fail,
		"gem install bundler -v 2.5.0":                        Pass,
		"gem install bundler:2.5.0":                           Pass,
		"make install x":                                      Pass,
	} {
		scenarios = append(scenarios, scenario{name: script, change: run(script), want: want})
	}
	test(t, UnpinnedPackages, scenarios)
	in := sound()
	in.Image = &in.Evidence.Images[0]
	run("pip install git+https://me:hunter2@x " + strings.Repeat("y", 4000) + "; npm i -g https://me:hunter2@x")(in)
	for _, f := range UnpinnedPackages.Decide(*in).Findings {
		if strings.Contains(f.Message, "hunter2") || len(f.Message) > 400 {
			t.Errorf("%+v", f)
		}
	}
}
