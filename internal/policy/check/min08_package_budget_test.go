package check

import (
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestPackageBudget(t *testing.T) {
	packages := func(class gate.Class, n, limit int) func(*Input) {
		return func(in *Input) {
			in.Image.Contents.Class, in.Image.Scan.OSPackages, in.Options.MaxPackages = class, n, limit
		}
	}
	test(t, PackageBudget, []scenario{
		{name: "few", want: Pass},
		{name: "as many as the class has", change: packages(gate.ClassDistroless, 40, 0), want: Pass},
		{name: "more than the class has", change: packages(gate.ClassDistroless, 41, 0), want: Fail, severity: gate.SeverityLow, says: "41 packages of the distribution are installed; the budget of the class distroless is 40"},
		{name: "more than the policy has", change: packages(gate.ClassSlim, 80, 50), want: Fail, says: "the budget of the policy is 50"},
		{name: "the policy allows more than the class", change: packages(gate.ClassDistroless, 60, 100), want: Pass},
		{name: "a full image has no budget", change: packages(gate.ClassFull, 400, 0), want: NotApplicable, says: "full"},
		{name: "a full image under the policy's", change: packages(gate.ClassFull, 400, 300), want: Fail},
		{name: "not scanned", change: unread, want: Unknown},
	})
}
