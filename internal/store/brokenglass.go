package store

import (
	"context"
	"database/sql"

	"github.com/imagegate/imagegate/internal/gate"
)

// RecordBrokenGlass stores that something was admitted against the gate's word.
func (s *Store) RecordBrokenGlass(ctx context.Context, b gate.BrokenGlass) error {
	return s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO broken_glass (at, namespace, kind, name, "user", reason, refused) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			micros(b.At), b.Namespace, b.Kind, b.Name, b.User, b.Reason, b.Refused)
		return s.unavailable(err)
	})
}

// BrokenGlass lists what was admitted against the gate's word, newest first.
func (s *Store) BrokenGlass(ctx context.Context, limit int) ([]gate.BrokenGlass, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT at, namespace, kind, name, "user", reason, refused FROM broken_glass ORDER BY id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var out []gate.BrokenGlass
	for rows.Next() {
		var b gate.BrokenGlass
		var at int64
		if err := rows.Scan(&at, &b.Namespace, &b.Kind, &b.Name, &b.User, &b.Reason, &b.Refused); err != nil {
			return nil, s.unavailable(err)
		}
		b.At = instant(sql.NullInt64{Int64: at, Valid: true})
		out = append(out, b)
	}
	return out, s.unavailable(rows.Err())
}
