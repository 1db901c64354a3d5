package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// What may go, as conditions over the parameters $1, what is old enough to go,
// and $2, now. They are never NULL, so that NOT turns them round.
const (
	// A standing goes when its digest stands anew under the policy of the same
	// name, and it neither admits nor is in grace.
	spareStanding = `(s.decided_at < $1 AND s.expires_at IS NOT NULL AND s.expires_at <= $2 AND coalesce(s.grace_until, 0) <= $2
		AND EXISTS (SELECT 1 FROM standings n WHERE n.digest = s.digest AND n.repository = s.repository AND n.policy_name = s.policy_name AND n.decided_at > s.decided_at))`
	// A verdict goes when it has expired, its digest has a newer one, and
	// neither a standing, a running rescan nor an open evaluation rests on it.
	spareVerdict = `(v.decided_at < $1 AND coalesce(v.expires_at, 0) <= $2
		AND EXISTS (SELECT 1 FROM verdicts n WHERE n.digest = v.digest AND (n.decided_at > v.decided_at OR (n.decided_at = v.decided_at AND n.id > v.id)))
		AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.verdict_id = v.id AND NOT ` + spareStanding + `)
		AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = v.id AND e.done_at IS NULL)
		AND v.id NOT IN (SELECT i.verdict_id FROM rescan_items i JOIN rescans r ON r.id = i.rescan WHERE r.done_at IS NULL AND i.decision IS NULL))`
	// Evidence goes with the last of its verdicts.
	spareEvidence = `NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.evidence = e.digest AND NOT ` + spareVerdict + `)`
	// What is listed goes with the last that a look-up of its id would find.
	spareListing = `(l.done_at < $1 AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.id = l.id) AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.id = l.id))`
	// The newest rescan stays, however old.
	spareRescan = `(r.done_at < $1 AND EXISTS (SELECT 1 FROM rescans n WHERE n.id <> r.id AND n.created_at >= r.created_at))`
	finished    = `('completed', 'cancelled', 'discarded')`
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
	held, err := s.engine.lock(ctx, "prune", false)
	if err != nil {
		if errors.Is(err, errHeld) {
			return out, gate.NewError(gate.CodeConflict, fmt.Sprintf("another process prunes the database %s: wait for it", s.name), err)
		}
		return out, s.unavailable(err)
	}
	defer held.release()
	p := pruning{store: s, dry: r.DryRun, before: micros(r.Before), now: micros(s.now())}
	spareJob := `(j.state IN ` + finished + ` AND ` + s.engine.finalized() + `)`
	for _, step := range []struct {
		count *int
		// list gives the keys of what may go, up to three columns.
		list   string
		remove []string
	}{
		{&out.Evaluations, `SELECT id FROM evaluations WHERE done_at < $1`, []string{`DELETE FROM evaluations WHERE done_at IS NOT NULL AND id IN ` + p.batch(first)}},
		{&out.Jobs, `SELECT CAST(j.id AS TEXT) FROM river_job j WHERE ` + spareJob, []string{`DELETE FROM river_job WHERE state IN ` + finished + ` AND id IN ` + p.batch(firstNumber)}},
		{nil, `SELECT i.rescan, CAST(i.sequence AS TEXT) FROM rescan_items i JOIN rescans r ON r.id = i.rescan WHERE ` + spareRescan,
			[]string{`DELETE FROM rescan_items WHERE (rescan, sequence) IN ` + p.batch(first, nextNumber)}},
		{&out.Rescans, `SELECT r.id FROM rescans r WHERE ` + spareRescan, []string{`DELETE FROM rescans WHERE id IN ` + p.batch(first)}},
		{&out.Standings, `SELECT s.digest, s.repository, s.policy_digest FROM standings s WHERE ` + spareStanding,
			[]string{`DELETE FROM standings AS s WHERE (s.digest, s.repository, s.policy_digest) IN ` + p.batch(first, second, third) + ` AND ` + spareStanding}},
		{&out.Verdicts, `SELECT v.id FROM verdicts v WHERE ` + spareVerdict, []string{
			`INSERT INTO retiring (verdict_id, at) SELECT v.id, CAST($2 AS BIGINT) FROM verdicts v WHERE v.id IN ` + p.batch(first) + ` AND ` + spareVerdict,
			`DELETE FROM signatures WHERE verdict_id IN (SELECT verdict_id FROM retiring)`,
			`DELETE FROM verdicts WHERE id IN (SELECT verdict_id FROM retiring)`,
		}},
		{nil, `SELECT l.id FROM listing l WHERE ` + spareListing, []string{`DELETE FROM listing AS l WHERE l.id IN ` + p.batch(first) + ` AND ` + spareListing}},
		{nil, `SELECT idempotency_key FROM batches WHERE created_at < $1`, []string{`DELETE FROM batches WHERE idempotency_key IN ` + p.batch(first)}},
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

// pruning is one run.
type pruning struct {
	store       *Store
	dry         bool
	before, now int64
}

// key names one row, by one to three texts.
type key []string

// batch selects from the keys that a statement is about, $3 as JSON.
func (p *pruning) batch(columns ...string) string {
	return `(SELECT ` + strings.Join(columns, ", ") + ` FROM ` + p.store.engine.rows("$3") + `)`
}

// The columns of a batch.
const (
	first       = `value ->> 0`
	second      = `value ->> 1`
	third       = `value ->> 2`
	firstNumber = `CAST(value ->> 0 AS BIGINT)`
	nextNumber  = `CAST(value ->> 1 AS BIGINT)`
)

// step deletes what a query lists, batch by batch. It returns how many rows the
// last of the statements deleted, or in a dry run how many it would.
func (p *pruning) step(ctx context.Context, list string, remove ...string) (int, error) {
	keys, err := p.list(ctx, list)
	if err != nil || p.dry {
		return len(keys), err
	}
	return p.remove(ctx, keys, remove...)
}

// bind leaves out the values that a statement does not use, and numbers the
// others anew: PostgreSQL refuses a parameter whose type nothing tells.
func bind(statement string, values ...any) (string, []any) {
	var used []any
	for i, v := range values {
		name := fmt.Sprintf("$%d", i+1)
		if strings.Contains(statement, name) {
			used = append(used, v)
			statement = strings.ReplaceAll(statement, name, fmt.Sprintf("$%d", len(used)))
		}
	}
	return statement, used
}

// list reads the keys first and whole: conditions are then looked at again in
// the transaction that deletes.
func (p *pruning) list(ctx context.Context, query string) ([]key, error) {
	query, values := bind(query, p.before, p.now)
	rows, err := p.store.read.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var keys []key
	for rows.Next() {
		k := make(key, len(columns))
		into := make([]any, len(k))
		for i := range k {
			into[i] = &k[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// remove runs statements over batches of keys.
func (p *pruning) remove(ctx context.Context, keys []key, statements ...string) (int, error) {
	total := 0
	for batch := range slices.Chunk(keys, pruneBatch) {
		text, err := json.Marshal(batch)
		if err != nil {
			return total, err
		}
		var gone int64
		err = p.store.transaction(ctx, func(tx *transaction) error {
			for _, statement := range statements {
				statement, values := bind(statement, p.before, p.now, string(text))
				result, err := tx.ExecContext(ctx, statement, values...)
				if err != nil {
					return err
				}
				if gone, err = result.RowsAffected(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += int(gone)
		select {
		case <-time.After(prunePause):
		case <-ctx.Done():
			return total, ctx.Err()
		}
	}
	return total, nil
}
