package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/imagegate/imagegate/internal/gate"
)

// JobsOptions say how jobs run.
type JobsOptions struct {
	// Workers is how many evaluations run at once; at least 1.
	Workers int
	// Timeout bounds one attempt.
	Timeout time.Duration
	// Attempts is how often an evaluation is tried while errors may pass.
	Attempts int
	// Backoff is the wait after the given attempt; nil doubles from 2 s.
	Backoff func(attempt int) time.Duration
	Logger  *slog.Logger
}

// Run evaluates one evaluation. With last, it must end in a stored verdict,
// whatever happens. An error for which gate.Retryable holds is tried again.
type Run func(ctx context.Context, e gate.Evaluation, last bool) error

// Jobs runs the queue of evaluations.
type Jobs struct {
	store   *Store
	client  *river.Client[*sql.Tx]
	unlock  func()
	running running
}

// evaluate is the one kind of job there is.
type evaluate struct {
	ID string `json:"id"`
}

// Kind implements river.JobArgs.
func (evaluate) Kind() string { return "evaluate" }

// NewJobs takes up the queue: what ran when an earlier process ended is put
// back first. CodeConflict when another process runs the jobs of this database.
func (s *Store) NewJobs(ctx context.Context, run Run, o JobsOptions) (*Jobs, error) {
	unlock, err := lockFile(s.path+".jobs", false)
	if err != nil {
		return nil, gate.NewError(gate.CodeConflict, fmt.Sprintf("another process serves from the database %s: end it, or name another directory with --data", s.path), err)
	}
	j := &Jobs{store: s, unlock: unlock}
	if err := s.takeUp(ctx); err != nil {
		unlock()
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{store: s, run: run, log: o.Logger, running: &j.running})
	j.client, err = river.NewClient(riversqlite.New(s.write), &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: max(1, o.Workers)}},
		Workers:              workers,
		JobTimeout:           o.Timeout,
		RescueStuckJobsAfter: o.Timeout + time.Hour, // takeUp is quicker; this is for a stuck goroutine
		MaxAttempts:          max(1, o.Attempts),
		RetryPolicy:          backoff(o.Backoff),
		FetchCooldown:        10 * time.Millisecond,
		FetchPollInterval:    200 * time.Millisecond,
		Logger:               quiet(o.Logger),
	})
	if err != nil {
		unlock()
		return nil, s.unavailable(err)
	}
	return j, nil
}

// quiet keeps River's own news to what is wrong.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(atLeast{log.Handler(), slog.LevelError})
}

// atLeast drops records below a level.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

// Start begins to work. Running jobs are not ended when ctx is; Stop does that.
func (j *Jobs) Start(ctx context.Context) error {
	return j.store.unavailable(j.client.Start(context.WithoutCancel(ctx)))
}

// Stop takes no new job and waits for those that run. When ctx ends first they
// are cancelled and will be taken up at the next start.
func (j *Jobs) Stop(ctx context.Context) error {
	defer j.unlock()
	err := j.client.Stop(ctx)
	if err != nil {
		cancelled, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer done()
		err = j.client.StopAndCancel(cancelled)
	}
	return err
}

// Submit stores an evaluation and its job in one transaction. When it returns,
// the evaluation will be answered. created is false when the idempotency key
// named an earlier one, which is returned.
func (j *Jobs) Submit(ctx context.Context, e gate.Evaluation, idempotencyKey string) (stored gate.Evaluation, created bool, err error) {
	err = j.store.transaction(ctx, func(tx *sql.Tx) error {
		stored, created, err = j.submit(ctx, tx, e, idempotencyKey)
		return err
	})
	return stored, created, err
}

func (j *Jobs) submit(ctx context.Context, tx *sql.Tx, e gate.Evaluation, idempotencyKey string) (gate.Evaluation, bool, error) {
	stored, created, err := j.store.insert(ctx, tx, e, idempotencyKey)
	if err != nil || !created {
		return stored, false, err
	}
	_, err = j.client.InsertTx(ctx, tx, evaluate{ID: e.ID}, nil)
	return stored, true, j.store.unavailable(err)
}

// takeUp puts back what an earlier process left running. The lock says that it
// is gone, so there is nothing to wait for.
func (s *Store) takeUp(ctx context.Context) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available', max_attempts = max(max_attempts, attempt + 1) WHERE state = 'running'`)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM river_leader`)
		}
		return s.unavailable(err)
	})
}

// worker runs one job.
type worker struct {
	river.WorkerDefaults[evaluate]
	store   *Store
	run     Run
	log     *slog.Logger
	running *running
}

// Work implements river.Worker. What comes back as an error is tried again.
func (w *worker) Work(ctx context.Context, job *river.Job[evaluate]) error {
	// Who cancels stores the verdict first and looks for the run then, so it is
	// found here or there.
	ctx, leave := w.running.enter(ctx, job.Args.ID)
	defer leave()
	e, err := w.store.Evaluation(ctx, job.Args.ID)
	if err != nil || e.State == gate.Done {
		return err
	}
	if err := w.store.start(ctx, e.ID); err != nil {
		return err
	}
	last := job.Attempt >= job.MaxAttempts
	if err := w.attempt(ctx, e, last); err != nil {
		if errors.Is(context.Cause(ctx), errCancelled) {
			return w.store.finish(context.WithoutCancel(ctx), e.ID)
		}
		if w.log != nil {
			w.log.Warn("an evaluation will be tried again", "evaluation", e.ID, "image", e.Request.Image, "attempt", job.Attempt, "error", err)
		}
		if last {
			// Nothing could be stored, a full disk perhaps. An accepted
			// request is answered, however late.
			return river.JobSnooze(time.Minute)
		}
		return err
	}
	return w.store.finish(context.WithoutCancel(ctx), e.ID)
}

// attempt runs the job, and makes a panic an error.
func (w *worker) attempt(ctx context.Context, e gate.Evaluation, last bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = gate.NewError(gate.CodeInternal, fmt.Sprintf("evaluating %s ended in a panic: %v", e.Request.Image, r), nil)
		}
	}()
	return w.run(ctx, e, last)
}

// backoff is a retry policy.
type backoff func(attempt int) time.Duration

// NextRetry implements river.ClientRetryPolicy.
func (b backoff) NextRetry(job *rivertype.JobRow) time.Time {
	if b != nil {
		return time.Now().Add(b(job.Attempt))
	}
	return time.Now().Add(min(2*time.Second<<min(job.Attempt, 6), time.Minute))
}
