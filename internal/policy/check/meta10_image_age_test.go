package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestImageAge(t *testing.T) {
	test(t, ImageAge, []scenario{
		{name: "no bound", want: NotApplicable},
		{name: "young enough", change: func(in *Input) { in.Options.MaxImageAge = 48 * time.Hour }, want: Pass},
		{name: "too old", change: func(in *Input) { in.Options.MaxImageAge = time.Hour }, want: Fail, severity: gate.SeverityLow, says: "1 days ago"},
		{name: "a reproducible build has no date", change: func(in *Input) { in.Options.MaxImageAge = time.Hour; in.Image.Config.Created = time.Unix(0, 0) }, want: Unknown},
		{name: "no date", change: func(in *Input) { in.Options.MaxImageAge = time.Hour; in.Image.Config.Created = time.Time{} }, want: Unknown},
	})
}
