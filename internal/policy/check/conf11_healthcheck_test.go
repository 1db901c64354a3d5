package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestHealthcheck(t *testing.T) {
	docker := func(test ...string) func(*Input) {
		return func(in *Input) {
			in.Image.Manifest.MediaType = "application/vnd.docker.distribution.manifest.v2+json"
			in.Image.Config.Healthcheck = test
		}
	}
	test(t, Healthcheck, []scenario{
		{name: "OCI without one", want: NotApplicable, says: "OCI"},
		{name: "OCI with one, as BuildKit writes it", change: func(in *Input) { in.Image.Config.Healthcheck = []string{"CMD", "/app", "ping"} }, want: Pass},
		{name: "Docker with one", change: docker("CMD-SHELL", "curl -f localhost"), want: Pass},
		{name: "Docker without one", change: docker(), want: Fail, severity: gate.SeverityInfo, says: "no HEALTHCHECK"},
		{name: "switched off", change: docker("NONE"), want: Fail, severity: gate.SeverityInfo, says: "NONE"},
	})
}
