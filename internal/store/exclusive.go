package store

import "context"

// patience is how long Exclusive waits for another process. One that stands
// still keeps its connection, and so its locks, for as long as it does.
const patience = 2 * lease

// Exclusive waits until no other process does what the name says, and keeps
// others waiting until release is called, or this process ends. Where another
// one is at it for too long, or the database is away, it is not waited for:
// Exclusive spares work that is safe to do twice. The error is of ctx alone.
func (s *Store) Exclusive(ctx context.Context, name string) (release func(), err error) {
	if !s.live.shared {
		return func() {}, nil // one process runs the jobs of a file
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	held, err := s.engine.lock(waiting, "one-"+name, true)
	if ctx.Err() != nil {
		if err == nil {
			held.release()
		}
		return nil, ctx.Err()
	}
	if err != nil {
		return func() {}, nil //nolint:nilerr // twice the work is better than none
	}
	return held.release, nil
}
