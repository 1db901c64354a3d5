package audit

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// ImageGated is W-28.
var ImageGated = &Check{
	ID: "W-28", Name: "image-gated", Severity: gate.SeverityCritical,
	Doc: Doc{
		What:     "Whether the gate has a passing verdict, which has not expired, for every image. It is unknown, and said once, where the gate was not asked.",
		Why:      "What was not decided about was not checked, and what failed must not run.",
		Example:  "An image whose verdict is fail, has expired or was never made fails.",
		Fix:      "Have it decided: imagegate check IMAGE, and mend what it names.",
		Controls: []string{"NIST SP 800-190 4.1.1"},
	},
	Decide: func(in Input) []Finding {
		uses := in.images()
		if len(uses) == 0 {
			return nil
		}
		if in.Options.Images == nil {
			distinct := map[string]bool{}
			for _, use := range uses {
				distinct[use.Image] = true
			}
			return []Finding{{
				Outcome: unknown,
				Message: fmt.Sprintf("whether %d images passed is not known: the gate was not asked", len(distinct)),
				Fix:     "audit through the gate: POST /v1/workloads:check, or imagegate check IMAGE for each",
			}}
		}
		var all []Finding
		for _, use := range uses {
			facts, known := in.Options.Images(use.Image)
			switch {
			case use.Image == "" || known && facts.Decision == gate.Pass:
			case !known || facts.Decision == "":
				all = append(all, use.finding(fmt.Sprintf("%.200q has no verdict in force", use.Image), fmt.Sprintf("have it decided: imagegate check %.200s", use.Image)))
			default:
				all = append(all, use.finding(fmt.Sprintf("the verdict on %.200q is %s", use.Image, facts.Decision), "mend what the verdict names, and have it decided again"))
			}
		}
		return all
	},
}
