package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestHistoryShape(t *testing.T) {
	test(t, HistoryShape, []scenario{
		{name: "a history line for the layer", want: Pass},
		{name: "empty layers need no layer", change: func(in *Input) {
			in.Image.Config.History = append(in.Image.Config.History, gate.History{CreatedBy: "USER app", EmptyLayer: true})
		}, want: Pass},
		{name: "no history at all", change: func(in *Input) { in.Image.Config.History = nil }, want: Fail, severity: gate.SeverityInfo, says: "0 layers"},
	})
}
