package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestFromBase(t *testing.T) {
	proven := &gate.Base{Proof: gate.ProofProven, Layers: 2}
	for _, test := range []struct {
		name  string
		base  *gate.Base
		layer int
		want  bool
	}{
		{"the last layer of a proven base", proven, 1, true},
		{"the first layer above it", proven, 2, false},
		{"a matched base is proof enough", &gate.Base{Proof: gate.ProofMatched, Layers: 1}, 0, true},
		{"a claim is none", &gate.Base{Proof: gate.ProofClaimed, Layers: 1}, 0, false},
		{"no base was looked up", nil, 0, false},
		{"a layer that nobody knows", proven, -1, false},
	} {
		if got := FromBase(&gate.ImageEvidence{Base: test.base}, test.layer); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
