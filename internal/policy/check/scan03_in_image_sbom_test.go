package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestInImageSBOM(t *testing.T) {
	named := func(in *Input) {
		in.Image.Scan.Packages = []gate.Package{
			{Name: "bash", Type: "debian"},
			{Name: "openssl", Type: "bitnami", SBOM: "/opt/app/.spdx-app.spdx", Layer: 1},
			{Name: "zlib", Type: "bitnami", SBOM: "/opt/app/.spdx-app.spdx", Layer: 1},
		}
	}
	test(t, InImageSBOM, []scenario{
		{name: "none", want: Pass},
		{name: "packages that were seen", change: func(in *Input) { in.Image.Scan.Packages = []gate.Package{{Name: "bash"}} }, want: Pass},
		{name: "packages by the word of a file", change: named, want: Fail, severity: gate.SeverityMedium, says: "/opt/app/.spdx-app.spdx inside the image names 2 packages: openssl, zlib"},
		{name: "by the word of the proven base", change: func(in *Input) {
			named(in)
			in.Image.Base = &gate.Base{Proof: gate.ProofProven, Layers: 2}
		}, want: Fail, severity: gate.SeverityLow},
		{name: "not scanned", change: unread, want: Unknown},
	})
}
