package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestFalseBaseClaim(t *testing.T) {
	claim := func(state gate.ClaimState) func(*Input) {
		return func(in *Input) {
			in.Image.Base.Claims = []gate.BaseClaim{{Source: gate.ClaimLabel, Reference: "registry.example/base:1", Digest: "sha256:b", State: state, Layers: 2}}
		}
	}
	test(t, FalseBaseClaim, []scenario{
		{name: "no claim", want: NotApplicable},
		{name: "a claim that the layers bear out", change: claim(gate.ClaimTrue), want: Pass},
		{name: "a claim that was inherited from the base", change: claim(gate.ClaimAncestor), want: Pass},
		{name: "a claim that could not be compared", change: claim(""), want: Pass},
		{name: "a claim that the layers contradict", change: claim(gate.ClaimFalse), want: Fail, severity: gate.SeverityHigh, says: "registry.example/base:1"},
		{name: "not looked up", change: func(in *Input) { in.Image.Base = nil }, want: Unknown},
	})
}
