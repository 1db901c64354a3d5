package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestLoginShells(t *testing.T) {
	account := func(uid int, shell string) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Shells = []gate.File{{Path: "/bin/sh"}, {Path: "/usr/bin/bash"}}
			in.Image.Contents.Accounts = &gate.Accounts{Users: []gate.Account{{Name: "postgres", UID: uid, Shell: shell}}}
		}
	}
	test(t, LoginShells, []scenario{
		{name: "no accounts", want: Pass},
		{name: "a service with bash", change: account(999, "/bin/bash"), want: Fail, severity: gate.SeverityInfo, says: `"postgres" (uid 999)`},
		{name: "an empty field is sh", change: account(65534, ""), want: Fail},
		{name: "nologin", change: account(999, "/usr/sbin/nologin"), want: Pass},
		{name: "a shell that the image does not have", change: account(999, "/bin/zsh"), want: Pass},
		{name: "root", change: account(0, "/bin/bash"), want: Pass},
		{name: "a person", change: account(1000, "/bin/bash"), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
