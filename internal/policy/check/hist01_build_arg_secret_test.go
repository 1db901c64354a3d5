package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

// history is a change that gives the image these history lines: the first made
// its layer, the others made none.
func history(lines ...string) func(*Input) {
	return func(in *Input) {
		in.Image.Config.History = nil
		for i, line := range lines {
			in.Image.Config.History = append(in.Image.Config.History, gate.History{CreatedBy: line, EmptyLayer: i > 0})
		}
	}
}

func noHistory(in *Input) { in.Image.Config.History = nil }

func TestBuildArgSecret(t *testing.T) {
	const token = "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2"
	test(t, BuildArgSecret, []scenario{
		{name: "no build argument", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable, says: "no history"},
		{name: "ARG of BuildKit", change: history("ARG NPM_TOKEN=hunter2"), want: Fail, severity: gate.SeverityHigh, says: "NPM_TOKEN"},
		{name: "ARG of the first builder", change: history("/bin/sh -c #(nop)  ARG NPM_TOKEN=hunter2"), want: Fail, says: "NPM_TOKEN"},
		{name: "RUN of BuildKit", change: history("RUN |2 A=1 NPM_TOKEN=hunter2 x /bin/sh -c npm ci # buildkit"), want: Fail, says: "NPM_TOKEN"},
		{name: "RUN of the first builder", change: history("|1 DB_PASSWORD=hunter2 /bin/sh -c make"), want: Fail, says: "history line 1"},
		{name: "buildah, which counts words", change: history("|3 A=x y DB_PASSWORD=hunter2 /bin/sh -c make"), want: Fail, says: "DB_PASSWORD"},
		{name: "a credential by its form", change: history("ARG X=" + token), want: Fail, severity: gate.SeverityCritical, says: "a GitHub token"},
		{name: "a proxy's password", change: history("RUN |1 http_proxy=http://a:hunter2@proxy /bin/sh -c make"), want: Fail, severity: gate.SeverityCritical},
		{name: "a placeholder is LOW", change: history("ARG DB_PASSWORD=changeme"), want: Fail, severity: gate.SeverityLow},
		{name: "without a value", change: history("ARG NPM_TOKEN"), want: Pass},
		{name: "an empty value", change: history("RUN |1 NPM_TOKEN= /bin/sh -c npm ci # buildkit"), want: Pass},
		{name: "a version", change: history("ARG SONAR_TOKEN=1.24.3-alpine"), want: Pass},
		{name: "a file", change: history("ARG TOKEN_FILE=/run/t"), want: Pass},
		{name: "a reference", change: history("ARG NPM_TOKEN=${OTHER}"), want: Pass},
		{name: "a GPG key", change: history("ARG GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568"), want: Pass},
		{name: "ENV is for the config's checks", change: history("ENV DB_PASSWORD=hunter2"), want: Pass},
		{name: "a variable within the script is no build argument", change: history("RUN /bin/sh -c DB_PASSWORD=hunter2 make # buildkit"), want: Pass},
	})
	in := sound()
	in.Image = &in.Evidence.Images[0]
	history("RUN |1 NPM_TOKEN=hunter2 /bin/sh -c npm ci # buildkit", "ARG NPM_TOKEN=hunter2", "ARG X="+token)(in)
	r := BuildArgSecret.Decide(*in)
	if len(r.Findings) != 2 || r.Findings[0].Subject != "X" || r.Findings[1].Layer == nil || *r.Findings[1].Layer != 0 {
		t.Errorf("want the worst first, each once, and the layer of the RUN: %+v", r.Findings)
	}
	for _, f := range r.Findings {
		if strings.Contains(f.Message, "hunter2") || strings.Contains(f.Message, token) {
			t.Errorf("a value is shown: %s", f.Message)
		}
	}
}
