package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPlatformAllowed(t *testing.T) {
	test(t, PlatformAllowed, []scenario{
		{name: "any platform", want: Pass},
		{name: "an allowed platform", change: func(in *Input) { in.Options.AllowedPlatforms = []string{"linux/amd64"} }, want: Pass},
		{name: "a variant of an allowed platform", change: func(in *Input) {
			in.Options.AllowedPlatforms = []string{"linux/arm64"}
			in.Image.Platform = "linux/arm64/v8"
		}, want: Pass},
		{name: "another platform", change: func(in *Input) { in.Options.AllowedPlatforms = []string{"linux/arm64"} }, want: Fail, severity: gate.SeverityLow, says: "linux/amd64"},
		{name: "no architecture", change: func(in *Input) { in.Image.Config.Architecture = "" }, want: Fail, says: "no architecture"},
	})
}
