package store

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/identity"
)

// Audit adds lines to the audit log, which can only grow: all of them or none.
func (s *Store) Audit(ctx context.Context, entries ...identity.Entry) error {
	return s.transaction(ctx, func(tx *transaction) error {
		for _, e := range entries {
			if err := s.putEntry(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) putEntry(ctx context.Context, tx *transaction, e identity.Entry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit (at, caller, kind, verb, repository, subject, decision, detail, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		micros(e.At), e.Caller, e.Kind, e.Verb, e.Repository, e.Subject, e.Decision, e.Detail, e.Request)
	return s.unavailable(err)
}

// AuditLog gives the lines since a time, oldest first, to each; of one caller
// where that is not empty. What each returns ends it.
func (s *Store) AuditLog(ctx context.Context, since time.Time, caller string, each func(identity.Entry) error) error {
	from := int64(0)
	if !since.IsZero() {
		from = micros(since)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT at, caller, kind, verb, repository, subject, decision, detail, request FROM audit
		WHERE at >= $1 AND ($2 = '' OR caller = $2) ORDER BY at, id`, from, caller)
	if err != nil {
		return s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e identity.Entry
		var at int64
		if err := rows.Scan(&at, &e.Caller, &e.Kind, &e.Verb, &e.Repository, &e.Subject, &e.Decision, &e.Detail, &e.Request); err != nil {
			return s.unavailable(err)
		}
		e.At = time.UnixMicro(at).UTC()
		if err := each(e); err != nil {
			return err
		}
	}
	return s.unavailable(rows.Err())
}
