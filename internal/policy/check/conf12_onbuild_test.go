package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestOnBuild(t *testing.T) {
	test(t, OnBuild, []scenario{
		{name: "no trigger", want: Pass},
		{name: "a trigger", change: func(in *Input) { in.Image.Config.OnBuild = []string{"COPY . /src"} }, want: Fail, severity: gate.SeverityLow, says: "COPY"},
	})
	in := sound()
	in.Image = &in.Evidence.Images[0]
	in.Image.Config.OnBuild = []string{"RUN login --password hunter2"}
	if f := OnBuild.Decide(*in).Findings[0]; strings.Contains(f.Message+f.Subject, "hunter2") {
		t.Errorf("the trigger's arguments are shown: %+v", f)
	}
}
