package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPackageCaches(t *testing.T) {
	caches := func(list ...gate.Cache) func(*Input) {
		return func(in *Input) { in.Image.Contents.Caches = list }
	}
	apt := gate.Cache{Kind: "apt", Path: "/var/lib/apt/lists", Layer: 1, Files: 12, Bytes: 20 << 20}
	pip := gate.Cache{Kind: "pip", Path: "/root/.cache/pip", Layer: 2, Files: 3, Bytes: 600 << 10}
	test(t, PackageCaches, []scenario{
		{name: "none", want: Pass},
		{name: "package lists", change: caches(apt), want: Fail, severity: gate.SeverityLow, says: "layer 1 holds a cache of apt: 20.0 MiB in /var/lib/apt/lists"},
		{name: "the largest first", change: caches(pip, apt), want: Fail, says: "/var/lib/apt/lists"},
		{name: "too small to matter", change: caches(pip), want: Pass},
		{name: "small ones that add up", change: caches(pip, pip), want: Fail, says: "of 1.2 MiB in all layers"},
		{name: "below the policy's bound", change: func(in *Input) {
			caches(apt)(in)
			in.Options.MinCacheBytes = 30 << 20
		}, want: Pass},
		{name: "empty directories under no bound", change: func(in *Input) {
			caches(gate.Cache{Kind: "apt", Path: "/var/cache/apt"})(in)
			in.Options.MinCacheBytes = 0
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
