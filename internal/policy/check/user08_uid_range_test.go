package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUIDRange(t *testing.T) {
	user := func(configured string) func(*Input) {
		return func(in *Input) { in.Image.Config.User = configured }
	}
	test(t, UIDRange, []scenario{
		{name: "an ordinary uid", want: Pass},
		{name: "no USER", change: user(""), want: Pass},
		{name: "zero in other words", change: user("+00"), want: Pass},
		{name: "the greatest", change: user("2147483647"), want: Pass},
		{name: "one more", change: user("2147483648"), want: Fail, severity: gate.SeverityMedium, says: "uid"},
		{name: "more than 32 bits", change: user("4294967296"), want: Fail},
		{name: "more than 64 bits", change: user("99999999999999999999"), want: Fail},
		{name: "negative", change: user("-1"), want: Fail, says: `"-1"`},
		{name: "a negative group", change: user("65532:-1"), want: Fail, says: "gid"},
		{name: "a name with digits", change: user("app-2147483648"), want: Pass},
		{name: "a group alone", change: user(":1000"), want: Pass},
	})
}
