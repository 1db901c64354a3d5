package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxListed bounds the images a rescan lists.
const maxListed = 1000

// CreateRescan stores a rescan of every image that is admitted at now and whose
// repository fits: one item for each digest, repository and policy name. One
// rescan runs at a time: CodeConflict names the one that does.
func (s *Store) CreateRescan(ctx context.Context, id, pattern string, now time.Time, fits func(repository string) bool) (gate.Rescan, error) {
	err := s.transaction(ctx, func(tx *transaction) error {
		return s.createRescan(ctx, tx, id, pattern, now, fits)
	})
	if err != nil {
		return gate.Rescan{}, err
	}
	return s.Rescan(ctx, id)
}

func (s *Store) createRescan(ctx context.Context, tx *transaction, id, pattern string, now time.Time, fits func(repository string) bool) error {
	var running string
	switch err := tx.QueryRowContext(ctx, `SELECT id FROM rescans WHERE done_at IS NULL`).Scan(&running); {
	case err == nil:
		return gate.NewError(gate.CodeConflict, "the rescan "+running+" is not done: wait for it, one runs at a time", nil)
	case !errors.Is(err, sql.ErrNoRows):
		return s.unavailable(err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO rescans (id, pattern, created_at) VALUES ($1, $2, $3)`, id, pattern, micros(now)); err != nil {
		return s.unavailable(err)
	}
	admitted, err := s.admitted(ctx, tx, now, fits)
	if err != nil {
		return err
	}
	for i := range admitted {
		standing, err := json.Marshal(admitted[i])
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO rescan_items (rescan, sequence, standing, verdict_id) VALUES ($1, $2, $3, $4)`, id, i+1, standing, admitted[i].VerdictID); err != nil {
			return s.unavailable(err)
		}
	}
	return nil
}

// admitted are the standings that admit an image: passes, and fails whose grace
// has not ended. Of several digests of one policy name the newest counts.
func (s *Store) admitted(ctx context.Context, tx *transaction, now time.Time, fits func(string) bool) ([]gate.Standing, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+standingColumns+` FROM standings s
		WHERE (s.decision = 'pass' OR s.grace_until > $1)
		AND NOT EXISTS (SELECT 1 FROM standings n WHERE n.digest = s.digest AND n.repository = s.repository AND n.policy_name = s.policy_name AND n.decided_at > s.decided_at)
		ORDER BY s.repository, s.digest`, micros(now))
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var out []gate.Standing
	for rows.Next() {
		standing, err := scanStanding(rows)
		if err != nil {
			return nil, s.unavailable(err)
		}
		if fits(standing.Repository) {
			out = append(out, *standing)
		}
	}
	return out, s.unavailable(rows.Err())
}

// Rescan returns a rescan with what it found so far. CodeNotFound names it.
func (s *Store) Rescan(ctx context.Context, id string) (gate.Rescan, error) {
	r := gate.Rescan{ID: id, State: gate.Running, NewlyFailing: []gate.RescanResult{}, Undecided: []gate.RescanResult{}}
	var created int64
	var done sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT pattern, created_at, done_at FROM rescans WHERE id = $1`, id).Scan(&r.Pattern, &created, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return r, gate.NewError(gate.CodeNotFound, fmt.Sprintf("there is no rescan %.100q", id), nil)
	}
	if err != nil {
		return r, s.unavailable(err)
	}
	r.CreatedAt, r.DoneAt = time.UnixMicro(created).UTC(), instant(done)
	if done.Valid {
		r.State = gate.Done
	}
	err = s.read.QueryRowContext(ctx, `SELECT count(*), count(decision), count(*) FILTER (WHERE decision = 'pass'), count(*) FILTER (WHERE decision = 'fail'), count(*) FILTER (WHERE decision = 'error')
		FROM rescan_items WHERE rescan = $1`, id).Scan(&r.Total, &r.Done, &r.Passed, &r.Failed, &r.Errors)
	if err != nil {
		return r, s.unavailable(err)
	}
	if r.Done == 0 && r.State != gate.Done {
		r.State = gate.Queued
	}
	if r.NewlyFailing, err = s.results(ctx, id, gate.Fail); err != nil {
		return r, err
	}
	r.Undecided, err = s.results(ctx, id, gate.Errored)
	return r, err
}

// results are the images of a rescan that ended with a decision.
func (s *Store) results(ctx context.Context, id string, d gate.Decision) ([]gate.RescanResult, error) {
	out := []gate.RescanResult{}
	rows, err := s.read.QueryContext(ctx, `SELECT result FROM rescan_items WHERE rescan = $1 AND decision = $2 ORDER BY sequence LIMIT $3`, id, d, maxListed)
	if err != nil {
		return out, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		var r gate.RescanResult
		if err := rows.Scan(&body); err != nil {
			return out, s.unavailable(err)
		}
		if err := json.Unmarshal(body, &r); err != nil {
			return out, gate.NewError(gate.CodeInternal, "a stored result of rescan "+id+" cannot be read", err)
		}
		out = append(out, r)
	}
	return out, s.unavailable(rows.Err())
}

// UnfinishedRescan is the rescan that is not done; "" when there is none.
func (s *Store) UnfinishedRescan(ctx context.Context) (string, error) {
	var id string
	err := s.read.QueryRowContext(ctx, `SELECT id FROM rescans WHERE done_at IS NULL`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, s.unavailable(err)
}

// NextRescanItems implements gate.Rescans.
func (s *Store) NextRescanItems(ctx context.Context, rescan string, n int) ([]gate.RescanItem, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT sequence, standing FROM rescan_items WHERE rescan = $1 AND decision IS NULL ORDER BY sequence LIMIT $2`, rescan, n)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var out []gate.RescanItem
	for rows.Next() {
		var item gate.RescanItem
		var standing []byte
		if err := rows.Scan(&item.Sequence, &standing); err != nil {
			return nil, s.unavailable(err)
		}
		if err := json.Unmarshal(standing, &item.Standing); err != nil {
			return nil, gate.NewError(gate.CodeInternal, "a stored item of rescan "+rescan+" cannot be read", err)
		}
		out = append(out, item)
	}
	return out, s.unavailable(rows.Err())
}

// RescanDone implements gate.Rescans.
func (s *Store) RescanDone(ctx context.Context, rescan string, item gate.RescanItem, r gate.RescanResult) error {
	result, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE rescan_items SET decision = $1, result = $2 WHERE rescan = $3 AND sequence = $4 AND decision IS NULL`, r.Decision, result, rescan, item.Sequence)
		return s.unavailable(err)
	})
}

// FinishRescan implements gate.Rescans.
func (s *Store) FinishRescan(ctx context.Context, rescan string) error {
	return s.end(ctx, `UPDATE rescans SET done_at = $1 WHERE id = $2 AND done_at IS NULL`, rescan)
}
