package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestHistoriesDumps(t *testing.T) {
	dump := func(change func(*gate.SecretFile)) func(*Input) {
		return func(in *Input) {
			d := gate.SecretFile{Kind: "shell history", Path: "/root/.bash_history", Size: 200}
			change(&d)
			in.Image.Contents.Dumps = []gate.SecretFile{d}
		}
	}
	test(t, HistoriesDumps, []scenario{
		{name: "none", want: Pass},
		{name: "a history", change: dump(func(*gate.SecretFile) {}), want: Fail, severity: gate.SeverityMedium, says: "/root/.bash_history may hold what should be secret (shell history)"},
		{name: "an empty history", change: dump(func(d *gate.SecretFile) { d.Size = 0 }), want: Pass},
		{name: "one that was deleted", change: dump(func(d *gate.SecretFile) { d.Deleted, d.RemovedBy = true, 4 }), want: Fail, severity: gate.SeverityMedium, says: "layer 4 deletes it"},
		{name: "a package's own, of the proven base", change: func(in *Input) {
			dump(func(d *gate.SecretFile) { d.Package = "mysql" })(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Fail, severity: gate.SeverityLow, says: "mysql"},
		{name: "a package's own, by the word of a layer", change: dump(func(d *gate.SecretFile) { d.Package = "mysql" }), want: Fail, severity: gate.SeverityMedium},
		{name: "accepted by path", change: func(in *Input) {
			dump(func(*gate.SecretFile) {})(in)
			in.Options.AllowedSecretPaths = []string{"/root/.bash_history"}
		}, want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
