package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestGIDZero(t *testing.T) {
	test(t, GIDZero, []scenario{
		{name: "a group of its own", want: Pass},
		{name: "a number without a passwd line", change: func(in *Input) { zero := 0; in.Image.Contents.User.GID = &zero }, want: Fail, severity: gate.SeverityLow, says: "gid 0"},
		{name: "root has its own checks", change: func(in *Input) { zero := 0; in.Image.Contents.User.UID, in.Image.Contents.User.GID = &zero, &zero }, want: Pass},
		{name: "unresolved", change: func(in *Input) { in.Image.Contents.User.UID = nil }, want: Unknown},
	})
}
