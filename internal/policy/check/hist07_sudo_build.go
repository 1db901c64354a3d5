package check

import (
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// SudoBuild is HIST-07.
var SudoBuild = &Check{
	ID: "HIST-07", Name: "sudo-build", Severity: gate.SeverityLow, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:     "RUN lines of the history that use sudo.",
		Why:      "The build needs no sudo, and an image that has it lets its user become root. Whether it is still there is the business of FS-09.",
		Example:  "RUN sudo apt-get update fails; apt-get install sudo passes here.",
		Fix:      "Write USER root before such lines and the user's number after them.",
		Controls: []string{"Trivy DS-0010", "hadolint DL3004"},
	},
	Decide: func(in Input) Result {
		return overHistory(in, func(s step) []Finding {
			for _, c := range s.commands().commands {
				if c.name == "sudo" || slices.Contains(c.through, "sudo") {
					return []Finding{{Message: "it uses sudo", Fix: "write USER root before the line and the user's number after it", Subject: "sudo"}}
				}
			}
			return nil
		})
	},
}
