package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestNonNumericUser(t *testing.T) {
	test(t, NonNumericUser, []scenario{
		{name: "a number with a group name", change: func(in *Input) { in.Image.Config.User = "65532:app" }, want: Pass},
		{name: "a name", change: func(in *Input) { in.Image.Config.User = "app" }, want: Fail, severity: gate.SeverityMedium, says: "app"},
		{name: "a name with a group", change: func(in *Input) { in.Image.Config.User = "nonroot:nonroot" }, want: Fail},
		{name: "root is no case for it", change: func(in *Input) { in.Image.Config.User = "root" }, want: Pass},
		{name: "no USER is no case for it", change: func(in *Input) { in.Image.Config.User = "" }, want: Pass},
	})
}
