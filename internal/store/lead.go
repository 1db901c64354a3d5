package store

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// leadAgain is how often those who do not lead ask whether they may.
const leadAgain = 5 * time.Second

// Lead runs f while this process is the only one that does, of all that use the
// database; it waits for that as long as it takes. The context of f ends with
// ctx, or when the leadership is lost: f is then run again, here or elsewhere.
// When f returns by itself, it is done, and so is Lead.
func (s *Store) Lead(ctx context.Context, name string, f func(context.Context)) {
	for ctx.Err() == nil {
		held, err := s.engine.lock(ctx, "lead-"+name, false)
		if err == nil {
			lost := s.led(ctx, held, f)
			held.release()
			if !lost {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(leadAgain):
		}
	}
}

// led runs f under a lock and reports whether the lock was lost.
func (s *Store) led(ctx context.Context, held *lock, f func(context.Context)) bool {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if held.lost != nil {
		go func() {
			select {
			case <-held.lost:
				cancel(errLost)
			case <-ctx.Done():
			}
		}()
	}
	f(ctx)
	return errors.Is(context.Cause(ctx), errLost)
}

var errLost = errors.New("the database no longer knows that this process leads")

// SharedKey is a random key of 32 bytes that all processes of this database
// share; it is made when it is first asked for.
func (s *Store) SharedKey(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	if _, err := s.write.ExecContext(ctx, `INSERT INTO keys (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, fresh); err != nil {
		return nil, s.unavailable(err)
	}
	var key []byte
	err := s.read.QueryRowContext(ctx, `SELECT value FROM keys WHERE name = $1`, name).Scan(&key)
	return key, s.unavailable(err)
}
