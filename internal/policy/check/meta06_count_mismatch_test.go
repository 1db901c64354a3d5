package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestCountMismatch(t *testing.T) {
	test(t, CountMismatch, []scenario{
		{name: "as many layers as diffIDs", want: Pass},
		{name: "a diffID too few", change: func(in *Input) { in.Image.Config.DiffIDs = nil }, want: Fail, severity: gate.SeverityHigh, says: "1 layers and the config 0"},
	})
}
