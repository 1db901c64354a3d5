package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPasswords(t *testing.T) {
	kind := func(k gate.PasswordKind) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Accounts = &gate.Accounts{Users: []gate.Account{{Name: "root", Password: k}}}
		}
	}
	test(t, Passwords, []scenario{
		{name: "no accounts", want: Pass},
		{name: "empty", change: kind(gate.PasswordNone), want: Fail, severity: gate.SeverityHigh, says: `"root" (uid 0) has an empty password`},
		{name: "a hash", change: kind(gate.PasswordHash), want: Fail, severity: gate.SeverityHigh, says: "hash"},
		{name: "locked", change: kind(gate.PasswordLocked), want: Pass},
		{name: "without a shadow line", change: kind(gate.PasswordAbsent), want: Pass},
		{name: "a shadow that was not read in full", change: func(in *Input) { in.Image.Contents.Accounts = &gate.Accounts{Problem: "too large"} }, want: Unknown, says: "too large"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
