package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestBaseIdentified(t *testing.T) {
	test(t, BaseIdentified, []scenario{
		{name: "no approved bases, nothing to prove", want: NotApplicable},
		{name: "no approved bases, and a proof asked for", change: func(in *Input) { in.Options.RequireProof = true }, want: Fail, says: "unknown"},
		{name: "a base that is claimed and matches, and a proof asked for", change: func(in *Input) {
			in.Options.RequireProof = true
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Layers: 1, Proof: gate.ProofMatched}
		}, want: Pass},
		{name: "a proven base", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Layers: 1, Proof: gate.ProofProven, Created: today.Add(-240 * time.Hour)}
		}, want: Pass},
		{name: "a label is no proof", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Proof: gate.ProofClaimed}
		}, want: Fail, severity: gate.SeverityMedium, says: "claims the base"},
		{name: "an unknown base", change: func(in *Input) { in.Options.ApprovedBases = []string{"registry.example/base:1"} }, want: Fail, says: "unknown"},
		{name: "a policy may be content with a claim", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Proof: gate.ProofClaimed}
			in.Options.MinProof = gate.ProofClaimed
		}, want: Pass},
		{name: "scratch is a base where policy says so", change: func(in *Input) { in.Options.ApprovedBases = []string{"scratch"}; in.Image.Contents.OSRelease = nil }, want: Pass},
		{name: "scratch shows only in the layers", change: func(in *Input) { in.Options.ApprovedBases = []string{"scratch"}; unread(in) }, want: Unknown},
		{name: "an approved base that could not be fetched", change: func(in *Input) {
			in.Options.ApprovedBases = []string{"registry.example/base:1"}
			in.Image.Base.Approved = []gate.KnownBase{{Reference: "registry.example/base:1", Problem: "timeout"}}
		}, want: Unknown, says: "timeout"},
	})
}
