package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestLowUID(t *testing.T) {
	user := func(configured string) func(*Input) {
		return func(in *Input) { unread(in); in.Image.Config.User = configured }
	}
	test(t, LowUID, []scenario{
		{name: "a high uid", want: Pass},
		{name: "nginx's", change: user("101"), want: Fail, severity: gate.SeverityInfo, says: "uid 101"},
		{name: "the first of a host's users", change: user("1000:1000"), want: Fail, says: "uid 1000"},
		{name: "the first that is high enough", change: user("10000"), want: Pass},
		{name: "root has its own checks", change: user(""), want: Pass},
		{name: "a name before passwd was read", change: user("app"), want: Unknown, says: "app"},
		{name: "a name that passwd resolves", change: func(in *Input) { uid := 999; in.Image.Contents.User.UID = &uid }, want: Fail, says: "uid 999"},
		{name: "another bound", change: func(in *Input) { user("999")(in); in.Options.MinUID = 500 }, want: Pass},
		{name: "no bound", change: func(in *Input) { user("101")(in); in.Options.MinUID = 0 }, want: NotApplicable},
	})
}
