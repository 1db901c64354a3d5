package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRootImplicit(t *testing.T) {
	test(t, RootImplicit, []scenario{
		{name: "a number", want: Pass},
		{name: "no USER", change: func(in *Input) { in.Image.Config.User = "" }, want: Fail, severity: gate.SeverityHigh, says: "no USER"},
		{name: "history does not count", change: func(in *Input) { in.Image.Config.User = ""; in.Image.Config.History[0].CreatedBy = "USER app" }, want: Fail},
		{name: "root by name is the business of USER-02", change: func(in *Input) { in.Image.Config.User = "root" }, want: Pass},
	})
}
