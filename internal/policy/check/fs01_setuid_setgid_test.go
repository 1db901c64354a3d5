package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestSetuidSetgid(t *testing.T) {
	test(t, SetuidSetgid, []scenario{
		{name: "none", want: Pass},
		{name: "of unknown origin", change: func(in *Input) { in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}} }, want: Fail, severity: gate.SeverityMedium, says: "/usr/bin/passwd"},
		{name: "from the proven base", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}}
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "above the proven base", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}}
			in.Image.Contents.Setuid[0].Layer = 1
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Fail, severity: gate.SeverityHigh},
		{name: "above a matched base", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}, {Path: "/app/helper", Mode: 0o4755, Layer: 1}}
			in.Image.Base = &gate.Base{Proof: gate.ProofMatched, Layers: 1}
		}, want: Fail, severity: gate.SeverityHigh, says: "/app/helper"},
		{name: "above a base that is only claimed", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/app/helper", Mode: 0o4755, Layer: 1}}
			in.Image.Base = &gate.Base{Proof: gate.ProofClaimed, Layers: 1}
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "accepted by path", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}}
			in.Options.AllowedSetuid = []string{"/usr/bin/passwd"}
		}, want: Pass},
		{name: "as many as tolerated", change: func(in *Input) {
			in.Image.Contents.Setuid = []gate.File{{Path: "/usr/bin/passwd", Mode: 0o4755}}
			in.Options.MaxSetuid = 1
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
