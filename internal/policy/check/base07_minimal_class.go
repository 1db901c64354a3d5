package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// MinimalClass is BASE-07.
var MinimalClass = &Check{
	ID: "BASE-07", Name: "minimal-class", Severity: gate.SeverityMedium, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "The image's minimality class, from its flattened files: scratch, static, distroless, slim or full.",
		Why:      "What is not in the image cannot be vulnerable, and cannot be used by an intruder.",
		Example:  "With contents: {class: distroless}, an image with a shell (slim) fails and one with a C library and no shell passes.",
		Fix:      "Copy the program onto a more minimal base.",
		Controls: []string{"CIS Docker 4.3"},
	},
	Decide: func(in Input) Result {
		limit := in.Options.MaxClass
		if limit == "" {
			return notApplicable("the policy demands no class")
		}
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		if c.Class.Rank() <= limit.Rank() {
			return pass()
		}
		return failed(Finding{
			Message: fmt.Sprintf("the image is of class %s (%s), the policy demands %s or less", c.Class, strings.Join(c.ClassReasons, ", "), limit),
			Fix:     "copy the program onto a more minimal base",
		})
	},
}
