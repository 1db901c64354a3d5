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

// columns of a verdict with the outcome of its signing.
const columns = `v.document, s.state, s.reference, s.reason FROM verdicts v LEFT JOIN signatures s ON s.verdict_id = v.id`

func (s *Store) prepareStatements(ctx context.Context, db *sql.DB) (err error) {
	if s.reusable, err = db.PrepareContext(ctx, `SELECT `+columns+`
		WHERE v.reuse_key = $1 AND v.decision IN ('pass', 'fail') AND v.expires_at > $2 ORDER BY v.decided_at DESC, v.id DESC LIMIT 1`); err != nil {
		return s.unavailable(err)
	}
	if s.latest, err = db.PrepareContext(ctx, `SELECT `+columns+`
		WHERE v.digest = $1 AND v.policy_digest = $2 ORDER BY v.decided_at DESC, v.id DESC LIMIT 1`); err != nil {
		return s.unavailable(err)
	}
	s.standing, err = db.PrepareContext(ctx, `SELECT `+standingColumns+` FROM standings s WHERE s.digest = $1 AND s.repository = $2 AND s.policy_digest = $3`)
	return s.unavailable(err)
}

// Record implements gate.Store.
func (s *Store) Record(ctx context.Context, r gate.Recording) (gate.Verdict, error) {
	v, ev, stands := r.Verdict, r.Evidence, r.Verdict
	err := s.transaction(ctx, func(tx *transaction) error {
		if earlier, err := scanVerdict(tx.QueryRowContext(ctx, `SELECT `+columns+` WHERE v.id = $1`, v.ID)); err != nil || earlier != nil {
			if earlier != nil {
				stands = *earlier
			}
			return s.unavailable(err)
		}
		if ev != nil {
			digest, err := s.putEvidence(ctx, tx, ev)
			if err != nil {
				return err
			}
			stands.Evidence = digest
		}
		// The signature is not the verdict's: it is read from beside it.
		kept := stands
		kept.Signature = gate.SignatureState{State: gate.NotAsked}
		document, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO verdicts (id, digest, policy_digest, decision, reuse_key, evidence, decided_at, expires_at, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			kept.ID, kept.Digest, kept.Policy.Digest, kept.Decision, optional(r.Key), optional(kept.Evidence), micros(kept.DecidedAt), nullable(kept.ExpiresAt), document)
		if err != nil {
			return s.unavailable(err)
		}
		return s.recordImage(ctx, tx, kept, r)
	})
	return stands, err
}

// recordImage stores what a verdict says of its image beyond itself.
func (s *Store) recordImage(ctx context.Context, tx *transaction, v gate.Verdict, r gate.Recording) error {
	if err := s.putObjects(ctx, tx, r.Objects); err != nil {
		return err
	}
	if r.Standing != nil {
		standing := *r.Standing
		standing.VerdictID = v.ID
		if err := s.putStanding(ctx, tx, &standing); err != nil {
			return err
		}
	}
	if r.Evidence == nil {
		return nil
	}
	return s.putTag(ctx, tx, v, r.Evidence.Reference)
}

func optional(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Verdict implements gate.Store.
func (s *Store) Verdict(ctx context.Context, id string) (*gate.Verdict, error) {
	v, err := scanVerdict(s.read.QueryRowContext(ctx, `SELECT `+columns+` WHERE v.id = $1`, id))
	return v, s.unavailable(err)
}

// Reusable implements gate.Store.
func (s *Store) Reusable(ctx context.Context, key string, now time.Time) (*gate.Verdict, error) {
	v, err := scanVerdict(s.reusable.QueryRowContext(ctx, key, micros(now)))
	return v, s.unavailable(err)
}

// Latest returns the newest verdict on a digest, under a policy digest when that
// is not empty; nil when there is none.
func (s *Store) Latest(ctx context.Context, digest, policyDigest string) (*gate.Verdict, error) {
	var row *sql.Row
	if policyDigest == "" {
		row = s.read.QueryRowContext(ctx, `SELECT `+columns+` WHERE v.digest = $1 ORDER BY v.decided_at DESC, v.id DESC LIMIT 1`, digest)
	} else {
		row = s.latest.QueryRowContext(ctx, digest, policyDigest)
	}
	v, err := scanVerdict(row)
	return v, s.unavailable(err)
}

// History returns the verdicts of an image's digest, newest first, at most
// limit of them.
func (s *Store) History(ctx context.Context, digest string, limit int) ([]gate.Verdict, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+columns+` WHERE v.digest = $1 ORDER BY v.decided_at DESC, v.id DESC LIMIT $2`, digest, limit)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var out []gate.Verdict
	for rows.Next() {
		v, err := scanVerdict(rows)
		if err != nil {
			return nil, s.unavailable(err)
		}
		out = append(out, *v)
	}
	return out, s.unavailable(rows.Err())
}

// RecordSignature implements gate.Store. A signature that was made stays: a
// later refusal does not unmake it.
func (s *Store) RecordSignature(ctx context.Context, id string, state gate.SignatureState) error {
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO signatures (verdict_id, state, reference, reason, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (verdict_id) DO UPDATE SET state = excluded.state, reference = excluded.reference, reason = excluded.reason, at = excluded.at
			WHERE signatures.state <> 'signed' OR excluded.state = 'signed'`, id, state.State, state.Reference, state.Reason, micros(s.now()))
		return s.unavailable(err)
	})
}

// scanVerdict reads a row of columns; nil when there is none.
func scanVerdict(row interface{ Scan(...any) error }) (*gate.Verdict, error) {
	var document []byte
	var state, reference, reason sql.NullString
	switch err := row.Scan(&document, &state, &reference, &reason); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	v := &gate.Verdict{}
	if err := json.Unmarshal(document, v); err != nil {
		return nil, fmt.Errorf("a stored verdict cannot be read: %w", err)
	}
	if state.Valid {
		v.Signature = gate.SignatureState{State: state.String, Reference: reference.String, Reason: reason.String}
	}
	return v, nil
}
