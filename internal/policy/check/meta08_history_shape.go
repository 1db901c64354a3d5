package check

import (
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// HistoryShape is META-08.
var HistoryShape = &Check{
	ID: "META-08", Name: "history-shape", Severity: gate.SeverityInfo, Tier: TierConfig, PerImage: true,
	Doc: Doc{
		What:    "Whether the history accounts for exactly the layers there are.",
		Why:     "Reports name layers by their history line; without one, findings can only give a number. History is the author's text and proves nothing either way.",
		Example: "ko, jib, apko and Bazel write little or no history; that is noted, not held against the image.",
		Fix:     "Nothing needs mending.",
	},
	Decide: func(in Input) Result {
		n := 0
		for _, h := range in.Image.Config.History {
			if !h.EmptyLayer {
				n++
			}
		}
		if layers := len(in.Image.Config.DiffIDs); n != layers {
			return failed(Finding{Message: fmt.Sprintf("the history tells of %d layers and there are %d, so findings name layers by number only", n, layers)})
		}
		return pass()
	},
}
