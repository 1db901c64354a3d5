package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDatabaseAge(t *testing.T) {
	test(t, DatabaseAge, []scenario{
		{name: "an hour old", want: Pass},
		{name: "a week old", change: func(in *Input) { in.Evidence.Database.UpdatedAt = today.Add(-168 * time.Hour) }, want: Fail, severity: gate.SeverityHigh, says: "168h"},
		{name: "allowed by policy", change: func(in *Input) {
			in.Evidence.Database.UpdatedAt = today.Add(-168 * time.Hour)
			in.Options.MaxDatabaseAge = 200 * time.Hour
		}, want: Pass},
		{name: "of the future", change: func(in *Input) { in.Evidence.Database.UpdatedAt = today.Add(25 * time.Hour) }, want: Fail, says: "future"},
		{name: "without a date", change: func(in *Input) { in.Evidence.Database.UpdatedAt = time.Time{} }, want: Fail},
		{name: "none used", change: func(in *Input) { in.Evidence.Database = nil }, want: Unknown},
	})
}
