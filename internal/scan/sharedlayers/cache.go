// Package sharedlayers lets the replicas of a gate share layer analyses through
// Redis: what one of them read, the others need not read. It lies below the
// directory of package layercache, and the gate's own process alone speaks to
// it: a worker reads the directory, as ever.
//
// Redis is not believed. Each value carries a MAC under a key that the gate
// keeps elsewhere, so that who writes to Redis can at most make a gate read a
// layer again. Nor is Redis needed: what it does not answer soon is read from
// the registry, and after a failure it is left alone for a while.
package sharedlayers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/imagegate/imagegate/internal/gate"
)

const (
	// MaxEntry bounds an analysis that is shared, in bytes as the directory
	// has them, which is compressed. A larger one stays with who made it.
	MaxEntry = 32 << 20
	// keep is how long a value stays after it was stored or last read.
	keep = 30 * 24 * time.Hour
	// patience bounds one command, and pingPatience what readiness waits for.
	patience     = 2 * time.Second
	pingPatience = 500 * time.Millisecond
	dialPatience = time.Second
)

// Outcome is how asking for a layer, or storing one, ended.
type Outcome string

// The outcomes. Skipped is a call that was not made because Redis had failed
// shortly before.
const (
	Hit      Outcome = "hit"
	Miss     Outcome = "miss"
	Rejected Outcome = "rejected"
	Failed   Outcome = "failed"
	Skipped  Outcome = "skipped"
	Stored   Outcome = "stored"
	TooLarge Outcome = "too-large"
)

// Cache is a Redis that replicas share. It is safe for concurrent use.
type Cache struct {
	client   *redis.Client
	key      []byte
	address  string // host and port: what messages may show
	password string // what they must not
	count    func(Outcome)
	log      *slog.Logger
	// A Redis that takes nothing more may still answer.
	reading, writing breaker
	rejections       seldom
	slots            chan struct{} // one for each layer Fill has in memory
}

var (
	validGeneration = regexp.MustCompile(`^[0-9a-f]{16}$`)
	validDiffID     = regexp.MustCompile(`^sha(256|512):[0-9a-f]{64,128}$`)
)

// name is the Redis key of a layer. Both parts may come from strangers: a
// generation from a worker, a diffID from an image's config.
func name(generation, diffID string) (string, error) {
	if !validGeneration.MatchString(generation) || !validDiffID.MatchString(diffID) {
		return "", fmt.Errorf("shared layers: %.80q of generation %.20q is not a layer", diffID, generation)
	}
	return "imagegate:layer:" + generation + ":" + diffID, nil
}

// Get returns a layer's analysis, which the caller must not change; nil where
// there is none, none that proves to be a gate's, or no answer in time.
func (c *Cache) Get(ctx context.Context, generation, diffID string) []byte {
	key, err := name(generation, diffID)
	if err != nil {
		return nil
	}
	if c.reading.refuses(time.Now()) != nil {
		c.count(Skipped)
		return nil
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// A range, because Redis then sends no more than we take, whatever
	// somebody stored. It is empty where there is nothing.
	both := c.client.Pipeline()
	answer := both.GetRange(asked, key, 0, overhead+MaxEntry)
	both.Expire(asked, key, keep) // without it the value still counts
	_, _ = both.Exec(asked)
	value, err := answer.Bytes()
	if err != nil {
		_ = c.failed(ctx, &c.reading, err)
		return nil
	}
	c.answered(&c.reading)
	if len(value) == 0 {
		c.count(Miss)
		return nil
	}
	data, ok := open(c.key, generation, diffID, value)
	if !ok {
		c.count(Rejected)
		if n := c.rejections.more(time.Now()); n > 0 {
			c.log.Warn("shared layers hold values no gate with this one's key has written: they count as absent; find out who else writes to this Redis", "redis", c.address, "values", n, "last", key)
		}
		return nil
	}
	c.count(Hit)
	return data
}

// Put shares a layer's analysis. One above MaxEntry is not shared, which is no
// error. Callers need not log an error: the cache says once that Redis is away.
func (c *Cache) Put(ctx context.Context, generation, diffID string, data []byte) error {
	key, err := name(generation, diffID)
	if err != nil {
		return err
	}
	if len(data) > MaxEntry {
		c.count(TooLarge)
		return nil
	}
	if err := c.writing.refuses(time.Now()); err != nil {
		c.count(Skipped)
		return err
	}
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.client.Set(asked, key, seal(c.key, generation, diffID, data), keep).Err(); err != nil {
		return c.failed(ctx, &c.writing, err)
	}
	c.answered(&c.writing)
	c.count(Stored)
	return nil
}

// Reachable is nil where Redis answers, and says what to do where it does not.
func (c *Cache) Reachable(ctx context.Context) error {
	if err := c.reading.refuses(time.Now()); err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	if err := c.client.Ping(asked).Err(); err != nil {
		return c.failed(ctx, &c.reading, err)
	}
	c.answered(&c.reading)
	return nil
}

// Address is the host and port of the Redis.
func (c *Cache) Address() string { return c.address }

// Close ends the connections.
func (c *Cache) Close() error { return c.client.Close() }

// failed notes a failure. A caller that went away is none of Redis's.
func (c *Cache) failed(caller context.Context, b *breaker, err error) error {
	if errors.Is(caller.Err(), context.Canceled) {
		return caller.Err()
	}
	c.count(Failed)
	err = gate.NewError(gate.CodeUnavailable, c.explain(err), nil)
	if b.ended(err, time.Now()) {
		c.log.Warn("shared layers are left alone for now; layers are read from their registries", "doing", b.doing, "error", err, "rest", rest)
	}
	return err
}

func (c *Cache) answered(b *breaker) {
	if b.ended(nil, time.Now()) {
		c.log.Info("shared layers answer again", "doing", b.doing, "redis", c.address)
	}
}
