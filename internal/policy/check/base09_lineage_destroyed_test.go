package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestLineageDestroyed(t *testing.T) {
	system := func(in *Input) { in.Image.Contents.Class = gate.ClassFull }
	history := func(h gate.History) func(*Input) {
		return func(in *Input) {
			system(in)
			in.Image.Config.DiffIDs = []string{"a", "b"}
			in.Image.Config.History = []gate.History{h, {CreatedBy: "COPY app /app"}}
		}
	}
	test(t, LineageDestroyed, []scenario{
		{name: "one layer with a program", want: Pass},
		{name: "one layer without os-release", change: func(in *Input) { system(in); in.Image.Contents.OSRelease = nil }, want: Pass},
		{name: "one layer with a distribution", change: system, want: Fail, severity: gate.SeverityLow, says: "one layer"},
		{name: "an approved base itself", change: func(in *Input) {
			system(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Pass},
		{name: "several layers", change: history(gate.History{CreatedBy: "/bin/sh -c #(nop) ADD file:1b2c in / "}), want: Pass},
		{name: "a whole file system copied", change: history(gate.History{CreatedBy: "COPY / / # buildkit"}), want: Fail, says: "copied"},
		{name: "a whole file system copied, with options", change: history(gate.History{CreatedBy: "COPY --chown=0:0 /* / # buildkit"}), want: Fail, says: "copied"},
		{name: "a directory copied to the root", change: history(gate.History{CreatedBy: "COPY /out / # buildkit"}), want: Pass},
		{name: "squashed", change: history(gate.History{Comment: "merge sha256:1 to sha256:2"}), want: Fail, says: "squashed"},
		{name: "imported", change: history(gate.History{Comment: "Imported from -"}), want: Fail, says: "imported"},
		{name: "one layer that was not read", change: unread, want: Unknown},
		{name: "several layers that were not read", change: func(in *Input) { in.Image.Config.DiffIDs = []string{"a", "b"}; unread(in) }, want: Pass},
	})
}
