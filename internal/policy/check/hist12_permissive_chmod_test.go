package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPermissiveChmod(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	scenarios := []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "it says what", change: run("mkdir /d && chmod -R 777 /d"), want: Fail, severity: gate.SeverityLow, says: "chmod 777"},
		{name: "COPY --chmod", change: history("COPY --chown=1:1 --chmod=0777 a /a # buildkit"), want: Fail, says: "--chmod=0777"},
		{name: "COPY --chmod that is strict", change: history("COPY --chmod=755 a /a # buildkit"), want: Pass},
		{name: "a file of that name is copied", change: history("COPY 777 /a # buildkit"), want: Pass},
	}
	for script, want := range map[string]Outcome{
		"chmod 666 /x": Fail, "chmod 0777 /x": Fail, "chmod 4755 /x": Fail, "chmod 6755 /x": Fail, "chmod 7777 /x": Fail,
		"chmod a+rwx /x": Fail, "chmod -R o+w /x": Fail, "chmod ugo+rwX /x": Fail, "chmod u=rwx,o=rw /x": Fail,
		"chmod +s /x": Fail, "chmod u+s /x": Fail, "install -m 4755 a /x": Fail, "install -m0777 a /x": Fail,
		"setcap cap_net_bind_service=+ep /x": Fail,
		"sudo chmod 777 /x":                  Fail,
		"find / -name x && chmod -vR 0757 y": Fail,
		"chmod 755 /x":                       Pass, "chmod 1777 /tmp": Pass, "chmod 2775 /x": Pass, "chmod g+s /x": Pass, "chmod g+w /x": Pass, "chmod +x /x": Pass,
		"chmod +w /x": Pass, "chmod u-s /x": Pass, "chmod a-w /x": Pass, "chmod -s /x": Pass, "chmod o+t,a+rwxt /x": Pass, "chmod 644 777": Pass,
		"chmod $MODE /x": Pass, "setcap -r /x": Pass, "echo chmod 777": Pass, "install -d /x": Pass,
	} {
		scenarios = append(scenarios, scenario{name: script, change: run(script), want: want})
	}
	test(t, PermissiveChmod, scenarios)
}
