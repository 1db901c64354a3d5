package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUID0Alias(t *testing.T) {
	test(t, UID0Alias, []scenario{
		{name: "a number", want: Pass},
		{name: "toor is root", change: func(in *Input) {
			zero := 0
			in.Image.Config.User = "toor"
			in.Image.Contents.User = gate.User{Configured: "toor", UID: &zero, GID: &zero, Source: "passwd"}
		}, want: Fail, severity: gate.SeverityCritical, says: "toor"},
		{name: "app is 1000", change: func(in *Input) {
			uid := 1000
			in.Image.Config.User = "app"
			in.Image.Contents.User = gate.User{Configured: "app", UID: &uid, GID: &uid, Source: "passwd"}
		}, want: Pass},
		{name: "a name that cannot be resolved", change: func(in *Input) {
			in.Image.Config.User = "app"
			in.Image.Contents.User = gate.User{Configured: "app", Source: "unresolved"}
		}, want: Unknown},
		{name: "a name, and no layer was read", change: func(in *Input) { in.Image.Config.User = "app"; unread(in) }, want: Unknown},
		{name: "a number needs no layer", change: func(in *Input) { unread(in) }, want: Pass},
	})
}
