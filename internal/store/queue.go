package store

import (
	"context"
	"database/sql"
	"time"
)

// Queue is how much was accepted and is not answered yet.
type Queue struct {
	Queued, Running int
	// Oldest is how long the oldest of them has waited; 0 when there is none.
	Oldest time.Duration
}

// Queue counts the evaluations that are not done.
func (s *Store) Queue(ctx context.Context) (Queue, error) {
	var q Queue
	var oldest sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT count(*) - count(started_at), count(started_at), min(created_at) FROM evaluations WHERE done_at IS NULL`).Scan(&q.Queued, &q.Running, &oldest)
	if oldest.Valid {
		q.Oldest = max(0, s.now().Sub(instant(oldest)))
	}
	return q, s.unavailable(err)
}
