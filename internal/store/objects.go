package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// usedApart is the precision of when an object was last used: it is not written
// again for each verdict on one image.
const usedApart = time.Hour

// putObjects stores manifests and configs, each once, and that they are used:
// retention leaves alone what it finds used. In order, so that two who store
// the same do not wait for each other.
func (s *Store) putObjects(ctx context.Context, tx *transaction, objects map[string][]byte) error {
	for _, digest := range slices.Sorted(maps.Keys(objects)) {
		if _, err := tx.ExecContext(ctx, `INSERT INTO objects (digest, body, used_at) VALUES ($1, $2, $3)
			ON CONFLICT (digest) DO UPDATE SET used_at = excluded.used_at WHERE objects.used_at < $4`,
			digest, s.encoder.EncodeAll(objects[digest], nil), micros(s.now()), micros(s.now().Add(-usedApart))); err != nil {
			return s.unavailable(err)
		}
	}
	return nil
}

// Object returns a manifest or config by its digest, verified against it.
// CodeNotFound names the digest.
func (s *Store) Object(ctx context.Context, digest string) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, `SELECT body FROM objects WHERE digest = $1`, digest).Scan(&body)
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
