package store

import "context"

// Exclusive waits until no other process does what the name says, and keeps
// them waiting until release is called, or this process ends.
func (s *Store) Exclusive(ctx context.Context, name string) (release func(), err error) {
	held, err := s.engine.lock(ctx, "one-"+name, true)
	if err != nil {
		return nil, s.unavailable(err)
	}
	return held.release, nil
}

// Shared reports whether other processes may run jobs of this database.
func (s *Store) Shared() bool { return s.live.shared }
