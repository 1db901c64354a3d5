package store

import (
	"context"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Whose turn is next. Each caller has two lines, one for requests that came
// singly and one for batches; the lines are served in turn, so that a thousand
// images of one do not keep the one image of another waiting. (Start-time fair
// queueing: a request's turn is one past the last of its line, and not before
// the turn that is served now.)

// bulk says which line of its caller an evaluation stands in.
type bulk int

const (
	single bulk = iota
	batch
)

// The priorities of jobs; River runs lower ones first.
const (
	overdue = 1 // was begun before, and failed or was left
	waiting = 2
)

// turnsBegin is the time of turn 0: a queued job's scheduled time, by which
// River orders, is that of its turn, and always past.
var turnsBegin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func turnTime(turn int64) time.Time { return turnsBegin.Add(time.Duration(turn) * time.Second) }

// takeTurn gives a stored evaluation its turn.
func (s *Store) takeTurn(ctx context.Context, tx *transaction, id, caller string, kind bulk) (turn int64, err error) {
	var served, next int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(min(turn), 0) FROM evaluations WHERE started_at IS NULL AND done_at IS NULL AND id <> $1`, id).Scan(&served); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(turn) + 1, 0) FROM evaluations WHERE caller = $1 AND bulk = $2 AND done_at IS NULL AND id <> $3`, caller, int(kind), id).Scan(&next); err != nil {
		return 0, err
	}
	turn = max(served, next)
	_, err = tx.ExecContext(ctx, `UPDATE evaluations SET bulk = $1, turn = $2 WHERE id = $3`, int(kind), turn, id)
	return turn, err
}

// overdue lets a job that is tried again go before those that were not begun.
func (s *Store) overdue(ctx context.Context, job int64) {
	// Where it cannot be said, the job only waits longer.
	_, _ = s.write.ExecContext(context.WithoutCancel(ctx), `UPDATE river_job SET priority = $1 WHERE id = $2`, overdue, job)
}

// admit refuses what would be too much to wait.
func (j *Jobs) admit(ctx context.Context, tx *transaction, caller string, n int) error {
	count := func(limit int, who, query string, args ...any) error {
		if limit <= 0 {
			return nil
		}
		var open int
		if err := tx.QueryRowContext(ctx, query, args...).Scan(&open); err != nil {
			return j.store.unavailable(err)
		}
		if open+n > limit {
			return gate.NewError(gate.CodeBusy, fmt.Sprintf("%d evaluations%s are waiting already, and at most %d may: try again later", open, who, limit), nil)
		}
		return nil
	}
	if err := count(j.options.MaxQueued, "", `SELECT count(*) FROM evaluations WHERE done_at IS NULL`); err != nil {
		return err
	}
	return count(j.options.MaxQueuedPerCaller, " of yours", `SELECT count(*) FROM evaluations WHERE caller = $1 AND done_at IS NULL`, caller)
}
