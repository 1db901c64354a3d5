package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// PackageCaches is MIN-05.
var PackageCaches = &Check{
	ID: "MIN-05", Name: "package-caches", Severity: gate.SeverityLow, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:    "What package managers leave behind in any layer (package lists, downloads, caches of pip, npm and Go), with its size. Less than the policy's bound in the whole image, 1 MiB by default, is not worth a word.",
		Why:     "Nodes pull it at each start and nothing reads it. Deleting it in a later layer does not make the image smaller.",
		Example: "RUN apt-get update && apt-get install without removing /var/lib/apt/lists fails; the same with RUN --mount=type=cache leaves nothing and passes.",
		Fix:     "Delete in the RUN that creates, or use RUN --mount=type=cache.",
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		total := int64(0)
		for _, k := range c.Caches {
			total += k.Bytes
		}
		if total == 0 || total < in.Options.MinCacheBytes {
			return judged(c, "caches", nil, "caches")
		}
		largest := slices.Clone(c.Caches)
		slices.SortStableFunc(largest, func(a, b gate.Cache) int { return cmp.Compare(b.Bytes, a.Bytes) })
		var findings []Finding
		for _, k := range largest {
			if k.Bytes == 0 {
				break
			}
			findings = append(findings, Finding{
				Message: fmt.Sprintf("layer %d holds a cache of %s: %s in %s (%d files), of %s in all layers", k.Layer, k.Kind, size(k.Bytes), k.Path, k.Files, size(total)),
				Fix:     "delete " + k.Path + " in the RUN that fills it, or mount it: RUN --mount=type=cache,target=" + k.Path, Layer: at(k.Layer), Path: k.Path, Subject: k.Kind,
			})
		}
		return judged(c, "caches", findings, "caches")
	},
}
