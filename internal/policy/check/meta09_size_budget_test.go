package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSizeBudget(t *testing.T) {
	test(t, SizeBudget, []scenario{
		{name: "within the budget", want: Pass},
		{name: "more layers than overlayfs mounts", change: func(in *Input) { in.Image.Manifest.Layers = make([]gate.Descriptor, 128) }, want: Fail, severity: gate.SeverityMedium, says: "128 layers"},
		{name: "more compressed bytes than allowed", change: func(in *Input) { in.Options.MaxCompressed = 999 }, want: Fail, says: "compressed"},
		{name: "one layer larger than allowed", change: func(in *Input) { in.Options.MaxLayerCompressed = 999 }, want: Fail, says: "layer 0"},
		{name: "more unpacked bytes than allowed", change: func(in *Input) { in.Options.MaxUncompressed = 2999 }, want: Fail, says: "2.9 KiB unpacked"},
		{name: "declared sizes are judged before any layer is read", change: func(in *Input) { unread(in); in.Options.MaxCompressed = 999 }, want: Fail},
	})
}
