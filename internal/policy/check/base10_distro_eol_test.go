package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDistroEOL(t *testing.T) {
	test(t, DistroEOL, []scenario{
		{name: "a maintained release", want: Pass},
		{name: "past its end of life", change: func(in *Input) { yes := true; in.Image.Scan.OS.EndOfLife = &yes }, want: Fail, severity: gate.SeverityHigh, says: "debian 12"},
		{name: "a release the table does not know", change: func(in *Input) { in.Image.Scan.OS.EndOfLife = nil }, want: Unknown},
		{name: "no distribution", change: func(in *Input) { in.Image.Scan.OS = nil }, want: NotApplicable},
	})
}
