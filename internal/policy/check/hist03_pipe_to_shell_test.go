package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPipeToShell(t *testing.T) {
	run := func(script string) func(*Input) { return history("RUN /bin/sh -c " + script + " # buildkit") }
	scenarios := []scenario{
		{name: "nothing is run", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "it says how", change: run("set -e; curl -fsSL https://x | bash"), want: Fail, severity: gate.SeverityMedium, says: "curl | bash"},
		{name: "the first builder", change: history("/bin/sh -c wget -qO- x | sh"), want: Fail, says: "wget | sh"},
		{name: "in brackets", change: history(`RUN ["bash", "-c", "curl x | sh"]`), want: Fail, says: "curl | sh"},
		{name: "not in what COPY writes", change: history("COPY <<EOF /x\ncurl x | sh"), want: Pass},
	}
	for script, want := range map[string]Outcome{
		"curl x | sudo -E bash -":                     Fail,
		"curl x | bash -s -- --yes":                   Fail,
		"curl x | env A=1 sh -eux":                    Fail,
		"curl x | gunzip | tee y | sh":                Fail,
		"curl x |& python3":                           Fail,
		"curl x | python3 -":                          Fail,
		"curl x | (cd /tmp && bash)":                  Fail,
		"(curl x || wget -O- x) | sh":                 Fail,
		`bash -c "$(curl -fsSL x)"`:                   Fail,
		`eval "$(curl x)"`:                            Fail,
		"bash <(curl x)":                              Fail,
		". <(wget -O- x)":                             Fail,
		"bash < <(curl x)":                            Fail,
		`sh <<< "$(curl x)"`:                          Fail,
		`su app -c 'curl x | sh'`:                     Fail,
		"bash <<X\ncurl y | sh\nX":                    Fail,
		`apt-get update && if true; then curl x | sh`: Fail,
		"curl x | tar xz":                             Pass,
		"curl x | python3 -c 'import json'":           Pass,
		"curl x | python3 -m json.tool":               Pass,
		"curl x | perl -pe s/a/b/":                    Pass,
		"curl x | sh /src/filter.sh":                  Pass,
		"curl x | sudo tee /etc/apt/key":              Pass,
		"curl -o x y && sha256sum -c s && sh x":       Pass,
		`echo "curl x | sh"`:                          Pass,
		"cat <<X > install.sh\ncurl y | sh\nX":        Pass,
		`x="$(curl y)" && echo "$x"`:                  Pass,
		`bash -c "echo $(curl x)"`:                    Pass,
		"cat x | sh":                                  Pass,
		"curl x; echo y | sh":                         Pass,
		"curl x | | sh ((":                            Pass,
	} {
		scenarios = append(scenarios, scenario{name: script, change: run(script), want: want})
	}
	test(t, PipeToShell, scenarios)
}
