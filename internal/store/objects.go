package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/imagegate/imagegate/internal/gate"
)

// putObjects stores manifests and configs, each once.
func (s *Store) putObjects(ctx context.Context, tx *sql.Tx, objects map[string][]byte) error {
	for digest, body := range objects {
		if _, err := tx.ExecContext(ctx, `INSERT INTO objects (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING`, digest, s.encoder.EncodeAll(body, nil)); err != nil {
			return s.unavailable(err)
		}
	}
	return nil
}

// Object returns a manifest or config by its digest, verified against it.
// CodeNotFound names the digest.
func (s *Store) Object(ctx context.Context, digest string) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, `SELECT body FROM objects WHERE digest = ?`, digest).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, gate.NewError(gate.CodeNotFound, "the manifest or config "+digest+" is not kept: decide the image anew, from its registry", nil)
	}
	if err != nil {
		return nil, s.unavailable(err)
	}
	data, err := s.decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the stored object "+digest+" cannot be unpacked", err)
	}
	if sum := sha256.Sum256(data); "sha256:"+hex.EncodeToString(sum[:]) != digest {
		return nil, gate.NewError(gate.CodeInternal, "the stored object "+digest+" was changed: its bytes have another digest", nil)
	}
	return data, nil
}
