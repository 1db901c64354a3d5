package check

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// WastedBytes is MIN-07.
var WastedBytes = &Check{
	ID: "MIN-07", Name: "wasted-bytes", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "Bytes that are pulled and never seen, because a later layer deletes or writes the file again. The policy's bound counts, else 10 MiB and a tenth of the image.",
		Why:     "Nodes pay for them at each pull. Changing owner or mode in a layer of its own copies the whole file.",
		Example: "RUN chown -R over a tree that an earlier layer copied fails when the tree is large; COPY --chown passes.",
		Fix:     "Set owner and mode while copying; delete in the RUN that creates.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		total := int64(0)
		for _, l := range c.Layers {
			total += l.UncompressedBytes
		}
		limit := in.Options.MaxWasted
		if limit == 0 {
			limit = max(10<<20, total/10)
		}
		if c.Wasted.Bytes <= limit {
			return pass()
		}
		var worst []string
		for _, p := range c.Wasted.Paths {
			if len(worst) == 3 {
				break
			}
			worst = append(worst, fmt.Sprintf("%s (%s, layer %d)", p.Path, size(p.Bytes), p.Layer))
		}
		return failed(Finding{
			Message: fmt.Sprintf("%s of %s are pulled and never seen, most in %s", size(c.Wasted.Bytes), size(total), strings.Join(worst, ", ")),
			Fix:     "set owner and mode while copying, and delete in the RUN that creates", Layer: wasteful(c.Wasted.ByLayer),
		})
	},
}

// wasteful is the layer that hides most bytes.
func wasteful(byLayer []int64) *int {
	var worst *int
	for i, n := range byLayer {
		if n > 0 && (worst == nil || n > byLayer[*worst]) {
			worst = at(i)
		}
	}
	return worst
}
