package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestScannerHealth(t *testing.T) {
	test(t, ScannerHealth, []scenario{
		{name: "healthy", want: Pass},
		{name: "an analyzer that failed", change: func(in *Input) {
			in.Image.Scan.Problems = []gate.ScanProblem{{Kind: "analyzer-error", Layer: 0, Message: "malformed database"}}
		}, want: Fail, severity: gate.SeverityCritical, says: "malformed database"},
		{name: "Java archives nobody can name", change: func(in *Input) {
			in.Image.Scan.Problems = []gate.ScanProblem{{Kind: "java-db-absent", Layer: 0, Message: "2 archives"}}
		}, want: Fail, severity: gate.SeverityMedium},
		{name: "not scanned", change: unread, want: Unknown},
	})
}
