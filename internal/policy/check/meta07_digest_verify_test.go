package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDigestVerify(t *testing.T) {
	test(t, DigestVerify, []scenario{
		{name: "every layer was read", want: Pass},
		{name: "a layer that lies about its content", change: func(in *Input) {
			in.Image.Contents.Layers[0].Problem = &gate.LayerProblem{Kind: gate.ProblemDiffID, Message: "other bytes"}
		}, want: Fail, severity: gate.SeverityCritical, says: "diffid-mismatch"},
		{name: "a compression bomb", change: func(in *Input) {
			in.Image.Contents.Layers[0].Problem = &gate.LayerProblem{Kind: gate.ProblemRatio, Message: "bomb"}
		}, want: Fail, severity: gate.SeverityCritical, says: "compression-bomb"},
		{name: "a layer that was left out", change: func(in *Input) { in.Image.Contents.Complete = false }, want: Fail, severity: gate.SeverityCritical, says: "not every layer"},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
