package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/imagegate/imagegate/internal/gate"
)

// putEvidence stores evidence under the sha256 of its JSON, once.
func (s *Store) putEvidence(ctx context.Context, tx *transaction, ev *gate.Evidence) (string, error) {
	data, err := json.Marshal(ev)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	_, err = tx.ExecContext(ctx, `INSERT INTO evidence (digest, body, created_at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`,
		digest, s.encoder.EncodeAll(data, nil), micros(s.now()))
	return digest, s.unavailable(err)
}

// Evidence returns stored evidence by its digest, verified against it.
// CodeNotFound names the digest.
func (s *Store) Evidence(ctx context.Context, digest string) (*gate.Evidence, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, `SELECT body FROM evidence WHERE digest = $1`, digest).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, gate.NewError(gate.CodeNotFound, fmt.Sprintf("no evidence %s is stored", digest), nil)
	}
	if err != nil {
		return nil, s.unavailable(err)
	}
	data, err := s.decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the stored evidence "+digest+" cannot be unpacked", err)
	}
	if sum := sha256.Sum256(data); "sha256:"+hex.EncodeToString(sum[:]) != digest {
		return nil, gate.NewError(gate.CodeInternal, "the stored evidence "+digest+" was changed: its bytes have another digest", nil)
	}
	ev := &gate.Evidence{}
	if err := json.Unmarshal(data, ev); err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the stored evidence "+digest+" cannot be read", err)
	}
	return ev, nil
}
