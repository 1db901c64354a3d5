package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPersistenceHooks(t *testing.T) {
	hooks := func(list ...gate.File) func(*Input) {
		return func(in *Input) { in.Image.Contents.Hooks = list }
	}
	backup := gate.File{Path: "/etc/cron.d/backup", Detail: "cron table", Layer: 1}
	test(t, PersistenceHooks, []scenario{
		{name: "none", want: Pass},
		{name: "a library for every process", change: hooks(backup, gate.File{Path: "/etc/ld.so.preload", Detail: "ld.so.preload"}), want: Fail, severity: gate.SeverityHigh, says: "/etc/ld.so.preload"},
		{name: "a cron table that nothing runs", change: hooks(backup), want: Fail, severity: gate.SeverityInfo, says: "nothing in the image would run it"},
		{name: "a cron table and a daemon for it", change: func(in *Input) {
			hooks(backup)(in)
			withPrograms(gate.ProgramDaemon, gate.File{Path: "/usr/sbin/cron"})(in)
		}, want: Fail, severity: gate.SeverityLow, says: "/etc/cron.d/backup"},
		{name: "what every Debian image has", change: hooks(gate.File{Path: "/etc/cron.daily/dpkg"}, gate.File{Path: "/usr/lib/systemd/system/apt-daily.timer"}), want: Pass},
		{name: "what every Alpine image has", change: hooks(gate.File{Path: "/etc/crontabs/root"}), want: Pass},
		{name: "a table in its place", change: hooks(gate.File{Path: "/etc/crontabs/root", Layer: 2}), want: Fail, says: "/etc/crontabs/root"},
		{name: "the proven base's own", change: func(in *Input) {
			hooks(backup)(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 2}
		}, want: Pass},
		{name: "a preload of the proven base", change: func(in *Input) {
			hooks(gate.File{Path: "/etc/ld.so.preload"})(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 2}
		}, want: Fail, severity: gate.SeverityHigh},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
