package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestStrayFiles(t *testing.T) {
	stray := func(p, kind string) func(*Input) {
		return func(in *Input) { in.Image.Contents.Stray = []gate.File{{Path: p, Detail: kind, Layer: 1}} }
	}
	test(t, StrayFiles, []scenario{
		{name: "none", want: Pass},
		{name: "a repository", change: stray("/app/.git", "git repository"), want: Fail, severity: gate.SeverityLow, says: "/app/.git is left from development (git repository)"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
