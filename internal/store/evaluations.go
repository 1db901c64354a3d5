package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// insert stores a new evaluation, unless one with the same idempotency key is
// there: that one is returned if it asks the same, and CodeConflict otherwise.
// A new one is stored when admit lets it in.
func (s *Store) insert(ctx context.Context, tx *transaction, e gate.Evaluation, key string, admit func() error) (gate.Evaluation, bool, error) {
	request, err := json.Marshal(e.Request)
	if err != nil {
		return e, false, err
	}
	fingerprint := sha256.Sum256(request)
	if key != "" {
		named, err := s.named(ctx, tx, key)
		if err != nil {
			return e, false, err
		}
		if named != nil {
			if named.batch || !bytes.Equal(named.fingerprint, fingerprint[:]) {
				return e, false, named.conflict(key)
			}
			found, err := s.evaluation(ctx, tx, named.ids[0])
			return found, false, err
		}
	}
	if err := admit(); err != nil {
		return e, false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO evaluations (id, request, idempotency_key, fingerprint, created_at, caller) VALUES ($1, $2, $3, $4, $5, $6)`,
		e.ID, request, optional(key), fingerprint[:], micros(e.CreatedAt), e.Request.Caller)
	return e, true, s.unavailable(err)
}

// Evaluation returns an evaluation; a done one has its verdict. CodeNotFound
// names the id.
func (s *Store) Evaluation(ctx context.Context, id string) (gate.Evaluation, error) {
	return s.evaluation(ctx, s.read, id)
}

func (s *Store) evaluation(ctx context.Context, q conn, id string) (gate.Evaluation, error) {
	e := gate.Evaluation{ID: id, State: gate.Queued}
	var request []byte
	var caller string
	var created int64
	var started, done sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT request, caller, created_at, started_at, done_at FROM evaluations WHERE id = $1`, id).Scan(&request, &caller, &created, &started, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return s.unrequested(ctx, q, id)
	}
	if err != nil {
		return e, s.unavailable(err)
	}
	if err := json.Unmarshal(request, &e.Request); err != nil {
		return e, gate.NewError(gate.CodeInternal, "the stored request of evaluation "+id+" cannot be read", err)
	}
	e.Request.Caller = caller
	e.CreatedAt, e.StartedAt, e.DoneAt = time.UnixMicro(created).UTC(), instant(started), instant(done)
	if started.Valid {
		e.State = gate.Running
		e.Progress = s.progress(id)
	}
	if !done.Valid {
		return e, nil
	}
	e.State = gate.Done
	e.Verdict, err = scanVerdict(q.QueryRowContext(ctx, `SELECT `+columns+` WHERE v.id = $1`, id))
	if err == nil && e.Verdict == nil {
		err = gate.NewError(gate.CodeInternal, "evaluation "+id+" is done and has no verdict", nil)
	}
	return e, s.unavailable(err)
}

// unrequested is the evaluation of a verdict that the command line made, which
// was never queued.
func (s *Store) unrequested(ctx context.Context, q conn, id string) (gate.Evaluation, error) {
	v, err := scanVerdict(q.QueryRowContext(ctx, `SELECT `+columns+` WHERE v.id = $1`, id))
	if err != nil {
		return gate.Evaluation{}, s.unavailable(err)
	}
	if v == nil {
		return gate.Evaluation{}, gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no evaluation %.100q", id), nil)
	}
	return gate.Evaluation{ID: id, Request: gate.Request{Image: v.Image}, State: gate.Done, CreatedAt: v.DecidedAt, DoneAt: v.DecidedAt, Verdict: v}, nil
}

func (s *Store) start(ctx context.Context, id string) error {
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE evaluations SET started_at = $1 WHERE id = $2 AND started_at IS NULL AND done_at IS NULL`, micros(s.now()), id)
		return s.unavailable(err)
	})
}

// finish marks an evaluation done and wakes those who wait for it. Its verdict
// is stored by then.
func (s *Store) finish(ctx context.Context, id string) error {
	return s.end(ctx, `UPDATE evaluations SET done_at = $1 WHERE id = $2 AND done_at IS NULL`, id)
}

// end marks something done now, and wakes those who wait for it, wherever.
func (s *Store) end(ctx context.Context, update, id string) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, update, micros(s.now()), id)
		if err == nil {
			err = s.engine.tell(ctx, tx, news{Done: id})
		}
		return err
	})
	if err == nil {
		s.wake(id)
	}
	return err
}
