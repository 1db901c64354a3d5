package store

import (
	"context"
	"encoding/json"

	"github.com/imagegate/imagegate/internal/gate"
)

// build is what is kept of one build of a base image.
type build struct {
	gate.KnownBase
	Labels map[string]string `json:"labels,omitempty"`
}

// Builds are the builds of a base ever seen under a reference for a platform,
// the one seen last first.
func (s *Store) Builds(ctx context.Context, reference, platform string) ([]gate.KnownBase, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT body FROM bases WHERE reference = $1 AND platform = $2 ORDER BY last_seen DESC, digest LIMIT 1000`, reference, platform)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var out []gate.KnownBase
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, s.unavailable(err)
		}
		var b build
		if err := json.Unmarshal(body, &b); err != nil {
			return nil, gate.NewError(gate.CodeInternal, "a stored build of the base "+reference+" cannot be read", err)
		}
		b.KnownBase.Labels = b.Labels
		out = append(out, b.KnownBase)
	}
	return out, s.unavailable(rows.Err())
}

// SawBuild stores a build of a base that its reference names now.
func (s *Store) SawBuild(ctx context.Context, platform string, b gate.KnownBase) error {
	body, err := json.Marshal(build{b, b.Labels})
	if err != nil {
		return err
	}
	now := micros(s.now())
	_, err = s.write.ExecContext(ctx, `INSERT INTO bases (reference, platform, digest, body, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (reference, platform, digest) DO UPDATE SET last_seen = excluded.last_seen`, b.Reference, platform, b.Digest, body, now, now)
	return s.unavailable(err)
}
