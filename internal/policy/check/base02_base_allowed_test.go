package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestBaseAllowed(t *testing.T) {
	test(t, BaseAllowed, []scenario{
		{name: "no approved bases", want: NotApplicable},
		{name: "a proven base", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Layers: 1, Proof: gate.ProofProven, Created: today.Add(-240 * time.Hour)}
		}, want: Pass},
		{name: "a label that names an approved base", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Proof: gate.ProofClaimed}
		}, want: Fail, severity: gate.SeverityHigh, says: "it claims registry.example/base:1"},
		{name: "another base", change: func(in *Input) { in.Options.ApprovedBases = []string{"registry.example/base:1"} }, want: Fail, severity: gate.SeverityHigh},
		{name: "from scratch, approved", change: func(in *Input) { in.Options.ApprovedBases = []string{"scratch"}; in.Image.Contents.OSRelease = nil }, want: Pass},
		{name: "a distribution is not scratch", change: func(in *Input) { in.Options.ApprovedBases = []string{"scratch"} }, want: Fail},
		{name: "not looked up", change: func(in *Input) { in.Options.ApprovedBases = []string{"scratch"}; in.Image.Base = nil }, want: Unknown},
	})
}
