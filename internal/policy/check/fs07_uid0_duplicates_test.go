package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUID0Duplicates(t *testing.T) {
	users := func(list ...gate.Account) func(*Input) {
		return func(in *Input) { in.Image.Contents.Accounts = &gate.Accounts{Users: list} }
	}
	groups := func(list ...gate.Group) func(*Input) {
		return func(in *Input) { in.Image.Contents.Accounts = &gate.Accounts{Groups: list} }
	}
	root := gate.Account{Name: "root"}
	test(t, UID0Duplicates, []scenario{
		{name: "no accounts", want: Pass},
		{name: "root alone", change: users(root, gate.Account{Name: "app", UID: 1000}), want: Pass},
		{name: "a second root", change: users(root, gate.Account{Name: "toor"}), want: Fail, severity: gate.SeverityHigh, says: `"toor" has uid 0`},
		{name: "a second root whose line comes first", change: users(gate.Account{Name: "toor"}, root), want: Fail, severity: gate.SeverityHigh, says: `"toor" has uid 0`},
		{name: "the same line twice", change: users(root, root), want: Pass},
		{name: "two users with one uid", change: users(root, gate.Account{Name: "a", UID: 1000}, gate.Account{Name: "b", UID: 1000}), want: Fail, severity: gate.SeverityLow, says: "share the uid 1000"},
		{name: "the worst comes first", change: users(root, gate.Account{Name: "a", UID: 1000}, gate.Account{Name: "b", UID: 1000}, gate.Account{Name: "toor"}), want: Fail, severity: gate.SeverityHigh, says: "toor"},
		{name: "users with one primary group", change: users(gate.Account{Name: "sync", UID: 5}, gate.Account{Name: "halt", UID: 7}), want: Pass},
		{name: "two groups with one gid", change: groups(gate.Group{Name: "root"}, gate.Group{Name: "admins"}), want: Fail, severity: gate.SeverityLow, says: "share the gid 0"},
		{name: "a passwd that was not read in full", change: func(in *Input) { in.Image.Contents.Accounts = &gate.Accounts{Problem: "too large"} }, want: Unknown, says: "too large"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
