package registry

import (
	"context"

	"github.com/imagegate/imagegate/internal/gate"
)

// Known implements gate.Bases: each reference resolved for a platform to its
// diffIDs, from memory for an hour.
func (c *Client) Known(ctx context.Context, references []string, platform string) []gate.KnownBase {
	out := make([]gate.KnownBase, 0, len(references))
	for _, r := range references {
		key := r + " " + platform
		if known, ok := c.bases.Get(key); ok {
			out = append(out, known)
			continue
		}
		known := c.known(ctx, r, platform)
		if known.Problem == "" {
			c.bases.Add(key, known)
		}
		out = append(out, known)
	}
	return out
}

func (c *Client) known(ctx context.Context, reference, platform string) gate.KnownBase {
	known := gate.KnownBase{Reference: reference}
	ref, err := gate.ParseReference(reference)
	if err != nil {
		known.Problem = err.Error()
		return known
	}
	known.Reference = ref.Name
	resolved, err := c.Resolve(ctx, ref, []string{platform})
	if err != nil {
		known.Problem, known.Retryable = err.Error(), gate.Retryable(err)
		return known
	}
	img := resolved.Images[0]
	known.Digest, known.DiffIDs, known.Created = resolved.Digest, img.Evidence.Config.DiffIDs, img.Evidence.Config.Created
	return known
}
