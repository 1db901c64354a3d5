package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// PackageBudget is MIN-08.
var PackageBudget = &Check{
	ID: "MIN-08", Name: "package-budget", Severity: gate.SeverityLow, Tier: TierScan, PerImage: true,
	Doc: Doc{
		What:    "How many packages of the distribution are installed, against the policy's budget, or else that of the image's class: scratch and static 10, distroless 40, slim 150.",
		Why:     "Every package is one more to patch. A number that jumps shows that a build brought what it should not.",
		Example: "A distroless image with 60 packages fails; an image of class full has no budget unless the policy sets one.",
		Fix:     "Install with --no-install-recommends, and build in a stage of its own.",
	},
	Decide: func(in Input) Result {
		s, c := in.Image.Scan, in.Image.Contents
		if s == nil || c == nil {
			return unknown("the image was not scanned")
		}
		budget, whose := in.Options.MaxPackages, "the policy"
		if budget == 0 {
			budget, whose = classBudgets[c.Class], "the class "+string(c.Class)
		}
		switch {
		case budget == 0:
			return notApplicable("the policy sets no budget, and the class %s has none", c.Class)
		case s.OSPackages <= budget:
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("%d packages of the distribution are installed; the budget of %s is %d", s.OSPackages, whose, budget),
			Fix:     "install with --no-install-recommends, and build in a stage of its own",
		})
	},
}

// classBudgets leave room for a few libraries more than the usual images of
// each class have: 4 for distroless static, about 30 with Java, 90 for Debian
// slim.
var classBudgets = map[gate.Class]int{gate.ClassScratch: 10, gate.ClassStatic: 10, gate.ClassDistroless: 40, gate.ClassSlim: 150}
