package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// standingColumns are those of a standing.
const standingColumns = `s.repository, s.digest, s.policy_digest, s.policy_name, s.verdict_id, s.decision, s.decided_at, s.expires_at, s.grace_until, s.reason`

// Standing implements gate.Store.
func (s *Store) Standing(ctx context.Context, repository, digest, policyDigest string) (*gate.Standing, error) {
	standing, err := scanStanding(s.standing.QueryRowContext(ctx, digest, repository, policyDigest))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return standing, s.unavailable(err)
}

func scanStanding(row interface{ Scan(...any) error }) (*gate.Standing, error) {
	out := &gate.Standing{}
	var decided int64
	var expires, grace sql.NullInt64
	if err := row.Scan(&out.Repository, &out.Digest, &out.Policy.Digest, &out.Policy.Name, &out.VerdictID, &out.Decision, &decided, &expires, &grace, &out.Reason); err != nil {
		return nil, err
	}
	out.DecidedAt, out.ExpiresAt, out.GraceUntil = time.UnixMicro(decided).UTC(), instant(expires), instant(grace)
	return out, nil
}

// putStanding stores where a digest stands, unless something newer is known.
func (s *Store) putStanding(ctx context.Context, tx *transaction, v *gate.Standing) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO standings (repository, digest, policy_digest, policy_name, verdict_id, decision, decided_at, expires_at, grace_until, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (digest, repository, policy_digest) DO UPDATE SET policy_name = excluded.policy_name, verdict_id = excluded.verdict_id, decision = excluded.decision,
			decided_at = excluded.decided_at, expires_at = excluded.expires_at, grace_until = excluded.grace_until, reason = excluded.reason
		WHERE excluded.decided_at >= standings.decided_at`,
		v.Repository, v.Digest, v.Policy.Digest, v.Policy.Name, v.VerdictID, v.Decision, micros(v.DecidedAt), nullable(v.ExpiresAt), nullable(v.GraceUntil), v.Reason)
	return s.unavailable(err)
}

// Tag implements gate.Store.
func (s *Store) Tag(ctx context.Context, repository, tag string) (string, error) {
	var digest string
	err := s.read.QueryRowContext(ctx, `SELECT digest FROM tags WHERE repository = $1 AND tag = $2`, repository, tag).Scan(&digest)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return digest, s.unavailable(err)
}

// putTag remembers what a tag resolved to.
func (s *Store) putTag(ctx context.Context, tx *transaction, v gate.Verdict, ref gate.Reference) error {
	// The tag beside a digest is decoration: nobody resolved it.
	if ref.Repository == "" || ref.Tag == "" || ref.Digest != "" || v.Digest == "" || v.Decision == gate.Errored {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO tags (repository, tag, digest, decided_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest, decided_at = excluded.decided_at WHERE excluded.decided_at >= tags.decided_at`,
		ref.Repository, ref.Tag, v.Digest, micros(v.DecidedAt))
	return s.unavailable(err)
}
