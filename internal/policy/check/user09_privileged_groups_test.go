package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPrivilegedGroups(t *testing.T) {
	accounts := func(groups ...gate.Group) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Accounts = &gate.Accounts{Users: []gate.Account{{Name: "app", UID: 65532, GID: 65532}}, Groups: groups}
		}
	}
	test(t, PrivilegedGroups, []scenario{
		{name: "no accounts", want: Pass},
		{name: "a group of its own", change: accounts(gate.Group{Name: "app", GID: 65532}), want: Pass},
		{name: "a member of docker", change: accounts(gate.Group{Name: "docker", GID: 998, Members: []string{"other", "app"}}), want: Fail, severity: gate.SeverityMedium, says: "docker (gid 998) by a line"},
		{name: "its own group is disk", change: accounts(gate.Group{Name: "disk", GID: 65532}), want: Fail, says: "as its own group"},
		{name: "a group of somebody else", change: accounts(gate.Group{Name: "sudo", GID: 27, Members: []string{"other"}}), want: Pass},
		{name: "a group that gives little", change: accounts(gate.Group{Name: "audio", GID: 29, Members: []string{"app"}}), want: Pass},
		{name: "root needs no group", change: func(in *Input) {
			accounts(gate.Group{Name: "wheel", GID: 10, Members: []string{"app"}})(in)
			zero := 0
			in.Image.Contents.User.UID = &zero
		}, want: Pass},
		{name: "a user that cannot be resolved", change: func(in *Input) { in.Image.Contents.User.UID = nil }, want: Unknown, says: "cannot be resolved"},
		{name: "a group file that was not read in full", change: func(in *Input) {
			in.Image.Contents.Accounts = &gate.Accounts{Problem: "/etc/group is too large"}
		}, want: Unknown, says: "too large"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
