package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

// tokenColumns are those of a token.
const tokenColumns = `id, name, hash, rights, created_at, expires_at, revoked_at, last_used_at`

// CreateToken stores a token, and the line of the audit log that says so.
func (s *Store) CreateToken(ctx context.Context, t identity.Token, by identity.Entry) error {
	var rights []byte
	if len(t.Rights) > 0 {
		var err error
		if rights, err = json.Marshal(t.Rights); err != nil {
			return err
		}
	}
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, name, hash, rights, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, t.Name, t.Hash[:], rights, micros(t.CreatedAt), nullable(t.ExpiresAt))
		if err != nil {
			return s.unavailable(err)
		}
		return s.putEntry(ctx, tx, by)
	})
}

// TokenByHash implements identity.Tokens. Revoked and expired ones are found
// too.
func (s *Store) TokenByHash(ctx context.Context, h identity.Hash) (*identity.Token, error) {
	t, err := scanToken(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE hash = $1`, h[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return t, s.unavailable(err)
}

// TokenUsed implements identity.Tokens. Of two the later counts.
func (s *Store) TokenUsed(ctx context.Context, id string, at time.Time) error {
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE tokens SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)`, micros(at), id)
		return s.unavailable(err)
	})
}

// Tokens lists all tokens, those of one name together, oldest first.
func (s *Store) Tokens(ctx context.Context) ([]identity.Token, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+tokenColumns+` FROM tokens ORDER BY name, created_at, id`)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	out := []identity.Token{}
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, s.unavailable(err)
		}
		out = append(out, *t)
	}
	return out, s.unavailable(rows.Err())
}

// RevokeToken revokes the token of an id, or every one of a caller's name, and
// stores the audit log's line; it returns how many it revoked. CodeNotFound
// where there is none that is not revoked.
func (s *Store) RevokeToken(ctx context.Context, idOrName string, by identity.Entry) (int, error) {
	var n int64
	err := s.transaction(ctx, func(tx *transaction) error {
		r, err := tx.ExecContext(ctx, `UPDATE tokens SET revoked_at = $1 WHERE (id = $2 OR name = $2) AND revoked_at IS NULL`, micros(by.At), idOrName)
		if err != nil {
			return s.unavailable(err)
		}
		if n, err = r.RowsAffected(); err != nil {
			return s.unavailable(err)
		}
		if n == 0 {
			return gate.NewError(gate.CodeNotFound, fmt.Sprintf("no token has the id or name %.100q and is not revoked: imagegate token list shows them", idOrName), nil)
		}
		return s.putEntry(ctx, tx, by)
	})
	return int(n), err
}

func scanToken(row interface{ Scan(...any) error }) (*identity.Token, error) {
	t := &identity.Token{}
	var hash, rights []byte
	var created int64
	var expires, revoked, used sql.NullInt64
	if err := row.Scan(&t.ID, &t.Name, &hash, &rights, &created, &expires, &revoked, &used); err != nil {
		return nil, err
	}
	copy(t.Hash[:], hash)
	if len(rights) > 0 {
		if err := json.Unmarshal(rights, &t.Rights); err != nil {
			return nil, gate.NewError(gate.CodeInternal, "the stored rights of token "+t.ID+" cannot be read", err)
		}
	}
	t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.LastUsedAt = time.UnixMicro(created).UTC(), instant(expires), instant(revoked), instant(used)
	return t, nil
}
