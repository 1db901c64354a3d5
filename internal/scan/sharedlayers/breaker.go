package sharedlayers

import (
	"sync"
	"time"
)

// rest is how long Redis is left alone after it failed.
const rest = 15 * time.Second

// breaker makes a server that is away or slow cost one caller its patience, and
// not every caller.
type breaker struct {
	doing string // for the log

	mu    sync.Mutex // guards what follows
	err   error      // how the last call failed; nil: it did not
	until time.Time  // while err is set: when one call may try again
}

// refuses is why a call is not to be made now, or nil. Whoever is let through
// after a failure tries for all: the others wait for what it finds.
func (b *breaker) refuses(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil && now.Before(b.until) {
		return b.err
	}
	b.until = now.Add(rest)
	return nil
}

// ended notes how a call ended, and tells whether that is news.
func (b *breaker) ended(err error, now time.Time) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	news = (err == nil) != (b.err == nil)
	b.err, b.until = err, now.Add(rest)
	return news
}

// between is the least time between two warnings of one kind.
const between = time.Minute

// seldom counts what is worth a line in the log now and then.
type seldom struct {
	mu    sync.Mutex // guards what follows
	count int
	said  time.Time
}

// more counts one more, and returns how many there were since the last line
// where it is time for the next, else 0.
func (s *seldom) more(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if !s.said.IsZero() && now.Sub(s.said) < between {
		return 0
	}
	n := s.count
	s.count, s.said = 0, now
	return n
}
