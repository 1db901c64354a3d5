package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestUnpinnedBase(t *testing.T) {
	claim := func(c gate.BaseClaim) func(*Input) {
		return func(in *Input) { in.Image.Base.Claims = []gate.BaseClaim{c} }
	}
	test(t, UnpinnedBase, []scenario{
		{name: "nothing says how", want: NotApplicable},
		{name: "an annotation with a digest", change: claim(gate.BaseClaim{Source: gate.ClaimAnnotation, Reference: "debian:12", Digest: "sha256:b"}), want: Pass},
		{name: "an annotation without", change: claim(gate.BaseClaim{Source: gate.ClaimAnnotation, Reference: "debian:12"}), want: Fail, severity: gate.SeverityLow, says: "debian:12"},
		{name: "a material without", change: claim(gate.BaseClaim{Source: gate.ClaimProvenance, Reference: "debian:12"}), want: Fail, says: "provenance"},
		{name: "a label that may be a parent's", change: claim(gate.BaseClaim{Source: gate.ClaimLabel, Reference: "debian:12"}), want: NotApplicable},
		{name: "not looked up", change: func(in *Input) { in.Image.Base = nil }, want: Unknown},
	})
}
