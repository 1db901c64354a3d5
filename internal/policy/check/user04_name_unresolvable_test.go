package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnresolvableUser(t *testing.T) {
	test(t, UnresolvableUser, []scenario{
		{name: "a number", want: Pass},
		{name: "a name that passwd has", change: func(in *Input) {
			uid := 1000
			in.Image.Contents.User = gate.User{Configured: "app", UID: &uid, GID: &uid, Source: "passwd"}
		}, want: Pass},
		{name: "a name that passwd has not", change: func(in *Input) {
			in.Image.Contents.User = gate.User{Configured: "nosuch", Source: "unresolved", Problem: "no matching entries in passwd file"}
		}, want: Fail, severity: gate.SeverityHigh, says: "nosuch"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
