package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Retention says what may go.
type Retention struct {
	// Before is the end of what is old enough to go.
	Before time.Time
	// DryRun counts and deletes nothing.
	DryRun bool
}

// Pruned counts what went, or would go.
type Pruned struct {
	Evaluations int `json:"evaluations"`
	Jobs        int `json:"jobs"`
	Rescans     int `json:"rescans"`
	Standings   int `json:"standings"`
	Verdicts    int `json:"verdicts"`
	Evidence    int `json:"evidence"`
	Objects     int `json:"objects"`
}

// What may go, as conditions over the named values :before and :now. They are
// never NULL, so that NOT turns them round.
const (
	// A standing goes when its digest stands anew under the policy of the same
	// name, and it neither admits nor is in grace.
	spareStanding = `(s.decided_at < :before AND s.expires_at IS NOT NULL AND s.expires_at <= :now AND coalesce(s.grace_until, 0) <= :now
		AND EXISTS (SELECT 1 FROM standings n WHERE n.digest = s.digest AND n.repository = s.repository AND n.policy_name = s.policy_name AND n.decided_at > s.decided_at))`
	// A verdict goes when it has expired, its digest has a newer one, and
	// neither a standing, a running rescan nor an open evaluation rests on it.
	spareVerdict = `(v.decided_at < :before AND coalesce(v.expires_at, 0) <= :now
		AND EXISTS (SELECT 1 FROM verdicts n WHERE n.digest = v.digest AND (n.decided_at > v.decided_at OR (n.decided_at = v.decided_at AND n.id > v.id)))
		AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.verdict_id = v.id AND NOT ` + spareStanding + `)
		AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = v.id AND e.done_at IS NULL)
		AND v.id NOT IN (SELECT coalesce(json_extract(CAST(i.standing AS TEXT), '$.verdictId'), '') FROM rescan_items i JOIN rescans r ON r.id = i.rescan
			WHERE r.done_at IS NULL AND i.decision IS NULL))`
	// Evidence goes with the last of its verdicts.
	spareEvidence = `NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.evidence = e.digest AND NOT ` + spareVerdict + `)`
	spareJob      = `(j.state IN ('completed', 'cancelled', 'discarded') AND julianday(j.finalized_at) < julianday(:before / 1000000.0, 'unixepoch'))`
	// What is listed goes with the last that a look-up of its id would find.
	spareListing = `(l.done_at < :before AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = l.id) AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.id = l.id))`
	// The newest rescan stays, however old.
	spareRescan = `(r.done_at < :before AND EXISTS (SELECT 1 FROM rescans n WHERE n.id <> r.id AND n.created_at >= r.created_at))`
)

// pruneBatch is how many rows one transaction deletes: requests wait for their
// turn to write no longer than that takes.
const pruneBatch = 100

// prunePause lets other processes, which wait for SQLite's lock by trying again,
// have their turn between two transactions.
const prunePause = 10 * time.Millisecond

// Prune deletes what was done with before a time and nothing needs any more, in
// small transactions: stopped at any point it leaves a whole database, and the
// next one goes on. The newest verdict of a digest stays, and so does what
// standings, unexpired verdicts and running rescans rest on. CodeConflict when
// another process prunes this database.
func (s *Store) Prune(ctx context.Context, r Retention) (Pruned, error) {
	var out Pruned
	unlock, err := lockFile(s.path+".prune", false)
	if err != nil {
		return out, gate.NewError(gate.CodeConflict, fmt.Sprintf("another process prunes the database %s: wait for it", s.path), err)
	}
	defer unlock()
	p := pruning{store: s, dry: r.DryRun, values: []any{sql.Named("before", micros(r.Before)), sql.Named("now", micros(s.now()))}}
	for _, step := range []struct {
		count  *int
		list   string
		remove []string
	}{
		{&out.Evaluations, `SELECT id FROM evaluations WHERE done_at < :before`, []string{`DELETE FROM evaluations WHERE done_at IS NOT NULL AND id IN ` + theBatch}},
		{&out.Jobs, `SELECT j.id FROM river_job j WHERE ` + spareJob, []string{`DELETE FROM river_job WHERE state IN ('completed', 'cancelled', 'discarded') AND id IN ` + theBatch}},
		{nil, `SELECT i.rescan || ' ' || i.sequence FROM rescan_items i JOIN rescans r ON r.id = i.rescan WHERE ` + spareRescan,
			[]string{`DELETE FROM rescan_items WHERE (rescan, sequence) IN (SELECT substr(value, 1, instr(value, ' ') - 1), CAST(substr(value, instr(value, ' ') + 1) AS INTEGER) FROM json_each(:batch))`}},
		{&out.Rescans, `SELECT r.id FROM rescans r WHERE ` + spareRescan, []string{`DELETE FROM rescans WHERE id IN ` + theBatch}},
		{&out.Standings, `SELECT json_array(s.digest, s.repository, s.policy_digest) FROM standings s WHERE ` + spareStanding,
			[]string{`DELETE FROM standings AS s WHERE json_array(s.digest, s.repository, s.policy_digest) IN ` + theBatch + ` AND s.digest IN (SELECT json_extract(value, '$[0]') FROM json_each(:batch)) AND ` + spareStanding}},
		{&out.Verdicts, `SELECT v.id FROM verdicts v WHERE ` + spareVerdict, []string{
			`INSERT INTO retiring (verdict_id, at) SELECT v.id, :now FROM verdicts v WHERE v.id IN ` + theBatch + ` AND ` + spareVerdict,
			`DELETE FROM signatures WHERE verdict_id IN (SELECT verdict_id FROM retiring)`,
			`DELETE FROM verdicts WHERE id IN (SELECT verdict_id FROM retiring)`,
		}},
		{nil, `SELECT l.id FROM listing l WHERE ` + spareListing, []string{`DELETE FROM listing AS l WHERE l.id IN ` + theBatch + ` AND ` + spareListing}},
		{nil, `SELECT idempotency_key FROM batches WHERE created_at < :before`, []string{`DELETE FROM batches WHERE idempotency_key IN ` + theBatch}},
	} {
		n, err := p.step(ctx, step.list, step.remove...)
		if err != nil {
			return out, s.unavailable(err)
		}
		if step.count != nil {
			*step.count = n
		}
	}
	if out.Evidence, out.Objects, err = p.evidence(ctx); err != nil {
		return out, s.unavailable(err)
	}
	return out, nil
}

// theBatch are the keys a statement is about.
const theBatch = `(SELECT value FROM json_each(:batch))`

// pruning is one run.
type pruning struct {
	store  *Store
	dry    bool
	values []any // :before and :now
}

// step deletes what a query lists, batch by batch. It returns how many rows the
// last of the statements deleted, or in a dry run how many it would.
func (p *pruning) step(ctx context.Context, list string, remove ...string) (int, error) {
	keys, err := p.list(ctx, list)
	if err != nil || p.dry {
		return len(keys), err
	}
	return p.remove(ctx, keys, nil, remove...)
}

// list reads the keys first and whole: conditions are then looked at again in
// the transaction that deletes.
func (p *pruning) list(ctx context.Context, query string) ([]any, error) {
	rows, err := p.store.read.QueryContext(ctx, query, p.values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var keys []any
	for rows.Next() {
		var key any
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		if b, ok := key.([]byte); ok {
			key = string(b)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// remove runs statements over batches of keys. Where check is not nil, it says
// in the transaction which keys of a batch may still go.
func (p *pruning) remove(ctx context.Context, keys []any, check func(context.Context, *sql.Tx, []any) ([]any, error), statements ...string) (int, error) {
	total := 0
	for len(keys) > 0 {
		batch := keys[:min(pruneBatch, len(keys))]
		keys = keys[len(batch):]
		err := p.store.transaction(ctx, func(tx *sql.Tx) (err error) {
			if check != nil {
				if batch, err = check(ctx, tx, batch); err != nil {
					return err
				}
			}
			text, err := json.Marshal(batch)
			if err != nil {
				return err
			}
			var gone int64
			for _, statement := range statements {
				result, err := tx.ExecContext(ctx, statement, append(p.values[:len(p.values):len(p.values)], sql.Named("batch", string(text)))...)
				if err != nil {
					return err
				}
				if gone, err = result.RowsAffected(); err != nil {
					return err
				}
			}
			total += int(gone)
			return nil
		})
		if err != nil {
			return total, err
		}
		select {
		case <-time.After(prunePause):
		case <-ctx.Done():
			return total, ctx.Err()
		}
	}
	return total, nil
}
