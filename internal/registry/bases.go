package registry

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// BaseHistory keeps every build of a base image that was ever seen, so that an
// image built on last month's is recognised, and so that bases are known while
// their registry is away.
type BaseHistory interface {
	// Builds are the builds of a reference for a platform, newest first.
	Builds(ctx context.Context, reference, platform string) ([]gate.KnownBase, error)
	// SawBuild stores a build that the reference names now.
	SawBuild(ctx context.Context, platform string, b gate.KnownBase) error
}

// maxBuilds bounds how many past builds of one reference are compared.
const maxBuilds = 500

// Known implements gate.Bases: each reference resolved for a platform to its
// diffIDs, from memory for an hour, with what it named before.
func (c *Client) Known(ctx context.Context, references []string, platform string) []gate.KnownBase {
	out := make([]gate.KnownBase, 0, len(references))
	for _, r := range references {
		key := r + " " + platform
		builds, ok := c.bases.Get(key)
		if !ok {
			builds = c.builds(ctx, r, platform)
			if builds[0].Problem == "" && !builds[0].Remembered {
				c.bases.Add(key, builds)
			}
		}
		out = append(out, builds...)
	}
	return out
}

// builds are what a reference names now, first, and what it named before. With
// its registry away, what it named last stands for now, and the problem is told
// only where nothing was ever seen.
func (c *Client) builds(ctx context.Context, reference, platform string) []gate.KnownBase {
	now := c.resolveBase(ctx, reference, platform)
	if c.BaseHistory == nil {
		return []gate.KnownBase{now}
	}
	if now.Problem == "" {
		if err := c.BaseHistory.SawBuild(ctx, platform, now); err != nil {
			c.Logger.Warn("a base image is not remembered", "base", now.Reference, "error", err)
		}
	}
	past, err := c.BaseHistory.Builds(ctx, now.Reference, platform)
	if err != nil {
		c.Logger.Warn("what is remembered of a base image cannot be read", "base", now.Reference, "error", err)
	}
	past = past[:min(len(past), maxBuilds)]
	if now.Problem != "" && now.Retryable && len(past) > 0 {
		c.Logger.Warn("a base image is taken from memory", "base", now.Reference, "problem", now.Problem)
		now, past = past[0], past[1:]
		now.Remembered = true
	}
	out := []gate.KnownBase{now}
	for _, k := range past {
		if k.Digest != now.Digest {
			k.Past = true
			out = append(out, k)
		}
	}
	return out
}

func (c *Client) resolveBase(ctx context.Context, reference, platform string) gate.KnownBase {
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
	config := resolved.Images[0].Evidence.Config
	known.Digest, known.DiffIDs, known.Created, known.Labels = resolved.Digest, config.DiffIDs, config.Created, config.Labels
	return known
}

// RefreshBases looks bases up again, so that a request finds them in memory and
// builds that live for a day are seen too. It returns how many could not be.
func (c *Client) RefreshBases(ctx context.Context, references, platforms []string) (away int) {
	for _, r := range references {
		for _, p := range platforms {
			builds := c.builds(ctx, r, p)
			if builds[0].Problem != "" || builds[0].Remembered {
				away++
				continue
			}
			c.bases.Add(r+" "+p, builds)
		}
	}
	return away
}

// baseMemory is how long a base is known without asking its registry.
const baseMemory = time.Hour
