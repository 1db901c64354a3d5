package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// backfill is the migration that gives verdicts of earlier versions their
// standings and tags, so that what passed before an upgrade is admitted after
// it. It runs in the transaction of its version.
func (s *Store) backfill() *goose.Migration {
	return goose.NewGoMigration(3, &goose.GoFunc{RunTx: func(ctx context.Context, sqlTx *sql.Tx) error {
		tx := &transaction{conn: sqlTx}
		rows, err := tx.QueryContext(ctx, `SELECT document FROM verdicts WHERE decision IN ('pass', 'fail') AND digest <> '' ORDER BY decided_at, id`)
		if err != nil {
			return err
		}
		var verdicts []gate.Verdict
		for rows.Next() {
			var document []byte
			var v gate.Verdict
			if err := rows.Scan(&document); err != nil {
				_ = rows.Close()
				return err
			}
			if err := json.Unmarshal(document, &v); err != nil {
				_ = rows.Close()
				return fmt.Errorf("a stored verdict cannot be read: %w", err)
			}
			verdicts = append(verdicts, gate.Verdict{ID: v.ID, Image: v.Image, Digest: v.Digest, Decision: v.Decision, Policy: v.Policy, DecidedAt: v.DecidedAt, ExpiresAt: v.ExpiresAt, Violations: v.Violations})
		}
		if err := rows.Close(); err != nil {
			return err
		}
		for _, v := range verdicts {
			ref, err := gate.ParseReference(v.Image)
			if err != nil {
				continue // it was never decided under a name that can be asked for
			}
			if standing := gate.StandingOf(v, &gate.Evidence{Reference: ref}); standing != nil {
				if err := s.putStanding(ctx, tx, standing); err != nil {
					return err
				}
			}
			if err := s.putTag(ctx, tx, v, ref); err != nil {
				return err
			}
		}
		return nil
	}}, nil)
}
