package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestBaseSigned(t *testing.T) {
	signature := func(s gate.BaseSignature) func(*Input) {
		return func(in *Input) {
			in.Image.Base = &gate.Base{Reference: "registry.example/base:1", Layers: 1, Proof: gate.ProofProven, Signature: &s}
		}
	}
	test(t, BaseSigned, []scenario{
		{name: "nobody asked for a signature", want: NotApplicable},
		{name: "signed", change: signature(gate.BaseSignature{Verified: true, By: "the key for registry.example/base/*"}), want: Pass},
		{name: "not signed", change: signature(gate.BaseSignature{Problem: "there is no signature"}), want: Fail, severity: gate.SeverityMedium, says: "there is no signature"},
		{name: "not looked up", change: func(in *Input) { in.Image.Base = nil }, want: Unknown},
	})
}
