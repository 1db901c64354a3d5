package check

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRemoteAdd(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	based := func(b gate.Base, diffIDs int, lines ...gate.History) func(*Input) {
		return func(in *Input) {
			in.Image.Base, in.Image.Config.History = &b, lines
			in.Image.Config.DiffIDs = make([]string, diffIDs)
		}
	}
	remote, local, user := gate.History{CreatedBy: "ADD https://x/y /y # buildkit"}, gate.History{CreatedBy: "COPY a /a # buildkit"}, gate.History{CreatedBy: "USER 1", EmptyLayer: true}
	test(t, RemoteAdd, []scenario{
		{name: "no ADD", want: Pass},
		{name: "no history", change: noHistory, want: NotApplicable},
		{name: "http", change: history("ADD http://x/y.tar /y # buildkit"), want: Fail, severity: gate.SeverityMedium, says: "http://x/y.tar"},
		{name: "https of BuildKit, which does not record the checksum", change: history("ADD https://x/y.tar /y # buildkit"), want: Fail, severity: gate.SeverityLow, says: "--checksum"},
		{name: "https of the first builder", change: history("/bin/sh -c #(nop) ADD https://x/y.tar in /y "), want: Fail, severity: gate.SeverityMedium},
		{name: "with a checksum, should a builder record it", change: history("ADD --checksum=sha256:1 https://x/y.tar /y # buildkit"), want: Pass},
		{name: "a git branch", change: history("ADD git@github.com:a/b.git#main /b # buildkit"), want: Fail, severity: gate.SeverityLow, says: "git@"},
		{name: "a git commit", change: history("ADD https://github.com/a/b.git#" + commit + " /b # buildkit"), want: Pass},
		{name: "a distribution's root file system", change: history("/bin/sh -c #(nop) ADD file:1b2c in / "), want: Pass},
		{name: "a local archive", change: history("ADD rootfs.tar.xz / # buildkit"), want: Pass},
		{name: "COPY cannot", change: history("COPY https://x/y /y # buildkit"), want: Pass},
		{name: "in the proven base", change: based(gate.Base{Proof: gate.ProofProven, Layers: 1}, 2, remote, user, local), want: Pass},
		{name: "above the matched base", change: based(gate.Base{Proof: gate.ProofMatched, Layers: 1}, 2, local, user, remote), want: Fail, severity: gate.SeverityLow},
		{name: "in a base that is only claimed", change: based(gate.Base{Proof: gate.ProofClaimed, Layers: 1}, 2, remote, local), want: Fail},
		{name: "lines that do not correspond to layers", change: based(gate.Base{Proof: gate.ProofProven, Layers: 1}, 3, remote, local), want: Fail},
	})
	in := sound()
	in.Image = &in.Evidence.Images[0]
	history("ADD https://me:hunter2@x/" + strings.Repeat("y", 4000) + " /y")(in)
	if f := RemoteAdd.Decide(*in).Findings[0]; strings.Contains(f.Message+f.Subject, "hunter2") || len(f.Message)+len(f.Subject) > 400 {
		t.Errorf("%+v", f)
	}
}
