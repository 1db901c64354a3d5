package sharedlayers

import (
	"context"
	"sync"
	"time"
)

const (
	// fillPatience bounds what all layers of one image may cost.
	fillPatience = 5 * time.Second
	// atOnce is how many layers of all images are fetched at a time. With
	// MaxEntry it bounds the memory they take.
	atOnce = 4
)

// Directory is where a replica keeps layers for its workers.
type Directory interface {
	Has(generation, diffID string) bool
	Put(generation, diffID string, data []byte) error
}

// Fill puts into the directory those of an image's layers that it lacks and
// another replica shared. It returns after fillPatience at the latest; what is
// missing then is read by a worker.
func (c *Cache) Fill(ctx context.Context, d Directory, generation string, diffIDs []string) {
	ctx, cancel := context.WithTimeout(ctx, fillPatience)
	defer cancel()
	var fetches sync.WaitGroup
	defer fetches.Wait()
	met := map[string]bool{}
	for _, diffID := range diffIDs {
		if met[diffID] || d.Has(generation, diffID) {
			continue
		}
		met[diffID] = true
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		fetches.Go(func() {
			defer func() { <-c.slots }()
			data := c.Get(ctx, generation, diffID)
			if data == nil {
				return
			}
			if err := d.Put(generation, diffID, data); err != nil {
				c.log.Warn("a shared layer cannot be kept; a worker reads it again: is the disk full?", "diffID", diffID, "error", err)
			}
		})
	}
}
