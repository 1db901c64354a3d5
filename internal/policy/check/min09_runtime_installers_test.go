package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestRuntimeInstallers(t *testing.T) {
	npm := withPrograms(gate.ProgramInstaller, gate.File{Path: "/usr/local/bin/npm", Target: "/usr/local/lib/node_modules/npm/bin/npm-cli.js"})
	test(t, RuntimeInstallers, []scenario{
		{name: "none", want: Pass},
		{name: "npm", change: npm, want: Fail, severity: gate.SeverityLow, says: "/usr/local/bin/npm (/usr/local/lib/node_modules/npm/bin/npm-cli.js) installs"},
		{name: "npm of the base", change: func(in *Input) {
			npm(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 1}
		}, want: Fail, severity: gate.SeverityLow, says: "comes with the base"},
		{name: "a compiler is another check's business", change: withPrograms(gate.ProgramToolchain, gate.File{Path: "/usr/bin/gcc"}), want: Pass},
		{name: "no layer was read", change: unread, want: Unknown},
	})
}
