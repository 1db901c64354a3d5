package check

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestOutdatedBase(t *testing.T) {
	const day = 24 * time.Hour
	proven := func(in *Input) {
		in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Digest: "sha256:old", Layers: 1, Proof: gate.ProofProven, Created: today.Add(-10 * day)}
	}
	newer := func(age time.Duration) func(*Input) {
		return func(in *Input) {
			proven(in)
			in.Image.Base.Newest = &gate.NewestBase{Reference: "registry.example/base:1", Digest: "sha256:new", Created: today.Add(-age)}
		}
	}
	test(t, OutdatedBase, []scenario{
		{name: "no base is known", want: NotApplicable},
		{name: "a claim has no layers to be behind with", change: func(in *Input) { in.Image.Base.Proof = gate.ProofClaimed }, want: NotApplicable},
		{name: "the newest build", change: proven, want: Pass},
		{name: "a newer build within the grace", change: newer(3 * day), want: Pass},
		{name: "a newer build beyond the grace", change: newer(15 * day), want: Fail, severity: gate.SeverityMedium, says: "sha256:new"},
		{name: "a newer build without a date", change: func(in *Input) { newer(0)(in); in.Image.Base.Newest.Created = time.Unix(0, 0) }, want: Fail},
		{name: "a base that is too old", change: func(in *Input) { proven(in); in.Options.MaxBaseAge = day }, want: Fail, says: "10 days ago"},
		{name: "a base that is young enough", change: func(in *Input) { proven(in); in.Options.MaxBaseAge = 30 * day }, want: Pass},
		{name: "a base without a date", change: func(in *Input) {
			proven(in)
			in.Options.MaxBaseAge, in.Image.Base.Created = day, time.Time{}
		}, want: Unknown},
		{name: "a base whose registry is away", change: func(in *Input) {
			proven(in)
			in.Image.Base.Approved = []gate.KnownBase{{Reference: "registry.example/base:1", Remembered: true}}
		}, want: Unknown, says: "did not answer"},
		{name: "not looked up", change: func(in *Input) { in.Image.Base = nil }, want: Unknown},
	})
}
