package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/imagegate/imagegate/internal/gate"
)

// A replica says every beat that it lives. What one runs that was silent for a
// lease is taken up by the others.
const (
	beat  = 2 * time.Second
	lease = 15 * time.Second
)

// postgresQueue is the queue of one of several replicas.
type postgresQueue struct {
	*river.Client[pgx.Tx]
	engine *postgres
	jobs   *Jobs
	id     string // of this process, new with each start
	name   string // of the replica, for people
	lease  time.Duration
	log    *slog.Logger
	// lost are the jobs that looked lost at the last look; attend's alone.
	lost map[int64]bool
}

func (e *postgres) queue(ctx context.Context, j *Jobs) (_ queue, err error) {
	o := j.options
	if e.jobs, err = e.pool(ctx, e.config.Copy()); err != nil {
		return nil, e.store.unavailable(err)
	}
	q := &postgresQueue{engine: e, jobs: j, id: o.ID, name: o.Replica, lease: o.Lease, log: o.Logger}
	config := j.config()
	config.ID = q.id
	if q.Client, err = river.NewClient(riverpgxv5.New(e.jobs), config); err != nil {
		return nil, e.store.unavailable(err)
	}
	// The first sign of life comes before the first job.
	return q, e.store.unavailable(q.live(ctx))
}

func (q *postgresQueue) insert(ctx context.Context, tx *transaction, args evaluate) (int64, error) {
	inserted, err := q.InsertTx(ctx, tx.postgres, args, nil)
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

func (q *postgresQueue) takeTurn(ctx context.Context, tx *transaction, job, turn int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE river_job SET scheduled_at = $1, priority = $2 WHERE id = $3`, turnTime(turn), waiting, job)
	return err
}

// attend gives signs of life, takes up what silent replicas left, and keeps
// this one informed of what the others do.
func (q *postgresQueue) attend(ctx context.Context) {
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		q.listen(ctx)
	}()
	defer func() { <-listening }()
	// Who was not heard itself for a lease cannot tell who else is silent: the
	// database may have been away.
	heard, steady := time.Time{}, time.Time{}
	for tick := 0; ; tick++ {
		if tick%2 == 0 {
			if err := q.live(ctx); err != nil {
				if ctx.Err() == nil {
					q.log.Warn("the database does not hear this replica", "error", q.engine.store.unavailable(err))
				}
			} else {
				now := time.Now()
				if now.Sub(heard) > q.lease/2 {
					steady = now
				}
				heard = now
				if now.Sub(steady) >= q.lease {
					q.takeUp(ctx)
				}
			}
		}
		q.publish(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(beat / 2):
		}
	}
}

// live is one sign of life.
func (q *postgresQueue) live(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lease/3)
	defer cancel()
	_, err := q.engine.jobs.Exec(ctx, `INSERT INTO replicas (id, name, seen_at) VALUES ($1, $2, now()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, q.id, clean(q.name))
	return err
}

func (q *postgresQueue) leave(ctx context.Context) {
	_, err := q.engine.jobs.Exec(ctx, `DELETE FROM replicas WHERE id = $1`, q.id)
	if err != nil {
		q.log.Warn("this replica could not say goodbye", "error", q.engine.store.unavailable(err))
	}
}

// takeUp puts back what replicas left that are silent for longer than a lease.
// One that only stood still may go on beside: the first verdict of an
// evaluation stands, and signing finds what is signed.
func (q *postgresQueue) takeUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	tag, err := q.engine.jobs.Exec(ctx, `UPDATE river_job SET state = 'available', max_attempts = greatest(max_attempts, attempt + 1), priority = $2
		WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM replicas r WHERE r.id = attempted_by[array_length(attempted_by, 1)] AND r.seen_at > now() - make_interval(secs => $1))`,
		q.lease.Seconds(), overdue)
	if err == nil && tag.RowsAffected() > 0 {
		q.log.Warn("evaluations of a replica that is silent are taken up", "evaluations", tag.RowsAffected())
	}
	if err == nil {
		err = q.takeUpLost(ctx)
	}
	if err == nil {
		_, err = q.engine.jobs.Exec(ctx, `DELETE FROM replicas WHERE seen_at < now() - interval '1 hour'`)
	}
	if err != nil && ctx.Err() == nil {
		q.log.Warn("it cannot be told whether replicas are silent", "error", q.engine.store.unavailable(err))
	}
}

// takeUpLost puts back jobs that are this replica's by the database's word, and
// do not run here. The connection may break after the database handed a job out
// and before this replica heard of it; and River gives up telling how a job
// ended when the database is away for long. What looks lost at two looks is.
func (q *postgresQueue) takeUpLost(ctx context.Context) error {
	rows, err := q.engine.jobs.Query(ctx, `SELECT id FROM river_job WHERE state = 'running' AND attempted_by[array_length(attempted_by, 1)] = $1
		AND attempted_at < now() - make_interval(secs => $2) AND NOT (args->>'id' = ANY($3))`, q.id, q.lease.Seconds(), q.jobs.running.ids())
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	before := q.lost
	q.lost = map[int64]bool{}
	var lost []int64
	for _, id := range found {
		q.lost[id] = true
		if before[id] {
			lost = append(lost, id)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	q.log.Warn("evaluations that this replica lost sight of are taken up", "evaluations", len(lost))
	_, err = q.engine.jobs.Exec(ctx, `UPDATE river_job SET state = 'available', max_attempts = greatest(max_attempts, attempt + 1), priority = $2 WHERE id = ANY($1) AND state = 'running'`, lost, overdue)
	return err
}

// channel is where replicas tell each other of evaluations.
const channel = "imagegate"

// news is what one replica tells the others; they hear it within the second,
// and find it in the database where they miss it.
type news struct {
	Done     string         `json:"done,omitempty"` // id of the evaluation or rescan
	ID       string         `json:"id,omitempty"`
	Progress *gate.Progress `json:"progress,omitempty"`
}

// tell is part of a transaction: what is told happened when it is heard.
func (e *postgres) tell(ctx context.Context, tx conn, n news) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, string(body))
	return err
}

// publish tells how far evaluations have come here since the last time.
func (q *postgresQueue) publish(ctx context.Context) {
	for id, p := range q.engine.store.moved() {
		if err := q.engine.tell(ctx, q.engine.store.read, news{ID: id, Progress: &p}); err != nil {
			return // the next one is newer anyway
		}
	}
}

// listen hears the others until ctx ends.
func (q *postgresQueue) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := q.hear(ctx); err != nil && ctx.Err() == nil {
			q.log.Warn("other replicas cannot be heard", "error", q.engine.store.unavailable(err))
		}
		q.engine.store.forgetProgress()
		select {
		case <-ctx.Done():
		case <-time.After(beat):
		}
	}
}

func (q *postgresQueue) hear(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, q.engine.config.Copy())
	if err != nil {
		return err
	}
	defer closeNow(c)
	if _, err := c.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	// What was done before the listening began was not heard.
	if err := q.catchUp(ctx); err != nil {
		return err
	}
	for {
		// A connection that is dead at its other end says nothing either.
		waiting, cancel := context.WithTimeout(ctx, lease)
		notice, err := c.WaitForNotification(waiting)
		cancel()
		if err != nil && waiting.Err() != nil && ctx.Err() == nil {
			if err := ping(ctx, c); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		var n news
		if json.Unmarshal([]byte(notice.Payload), &n) != nil {
			continue // a later version's
		}
		q.heard(n)
	}
}

func ping(ctx context.Context, c *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		return fmt.Errorf("the connection for news: %w", err)
	}
	return nil
}

func (q *postgresQueue) heard(n news) {
	switch {
	case n.Done != "":
		q.engine.store.wake(n.Done)
		// Another replica decided it, or called it off.
		q.jobs.running.cancel(n.Done)
	case n.ID != "" && n.Progress != nil:
		q.engine.store.heard(n.ID, *n.Progress)
	}
}

// catchUp ends what runs here and is done already.
func (q *postgresQueue) catchUp(ctx context.Context) error {
	for _, id := range q.jobs.running.ids() {
		e, err := q.engine.store.Evaluation(ctx, id)
		if err != nil {
			return err
		}
		if e.State == gate.Done {
			q.heard(news{Done: id})
		}
	}
	return nil
}
