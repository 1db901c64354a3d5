package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWastedBytes(t *testing.T) {
	test(t, WastedBytes, []scenario{
		{name: "none", want: Pass},
		{name: "twenty megabytes of a small image", change: func(in *Input) {
			in.Image.Contents.Wasted = gate.Wasted{Bytes: 20 << 20, ByLayer: []int64{20 << 20}, Paths: []gate.WastePath{{Path: "/app/big", Bytes: 20 << 20}}}
		}, want: Fail, severity: gate.SeverityLow, says: "/app/big"},
		{name: "little beside a large image", change: func(in *Input) {
			in.Image.Contents.Wasted = gate.Wasted{Bytes: 20 << 20, ByLayer: []int64{20 << 20}, Paths: []gate.WastePath{{Path: "/app/big", Bytes: 20 << 20}}}
			in.Image.Contents.Layers[0].UncompressedBytes = 1 << 30
		}, want: Pass},
		{name: "within the policy's bound", change: func(in *Input) {
			in.Image.Contents.Wasted = gate.Wasted{Bytes: 20 << 20, ByLayer: []int64{20 << 20}, Paths: []gate.WastePath{{Path: "/app/big", Bytes: 20 << 20}}}
			in.Options.MaxWasted = 30 << 20
		}, want: Pass},
		{name: "above the policy's bound", change: func(in *Input) {
			in.Image.Contents.Wasted = gate.Wasted{Bytes: 20 << 20, ByLayer: []int64{20 << 20}, Paths: []gate.WastePath{{Path: "/app/big", Bytes: 20 << 20}}}
			in.Options.MaxWasted = 1 << 20
			in.Image.Contents.Layers[0].UncompressedBytes = 1 << 30
		}, want: Fail},
	})
}
