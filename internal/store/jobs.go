package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
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
	// MaxQueued and MaxQueuedPerCaller bound what is accepted and not answered,
	// by all replicas together; 0 bounds nothing.
	MaxQueued, MaxQueuedPerCaller int
	// Lease is after how long a silent replica's evaluations are taken up; 0 is
	// 15 s.
	Lease time.Duration
	// ID is this process's among all that ever ran jobs of this database, and
	// Replica its name for people.
	ID, Replica string
	Logger      *slog.Logger
}

// Run evaluates one evaluation. With last, it must end in a stored verdict,
// whatever happens. An error for which gate.Retryable holds is tried again.
type Run func(ctx context.Context, e gate.Evaluation, last bool) error

// Jobs runs the queue of evaluations.
type Jobs struct {
	store   *Store
	options JobsOptions
	workers *river.Workers
	queue   queue
	running running

	attending chan struct{} // closed when attend has ended
	stop      context.CancelFunc
}

// evaluate is the one kind of job there is.
type evaluate struct {
	ID string `json:"id"`
}

// Kind implements river.JobArgs.
func (evaluate) Kind() string { return "evaluate" }

// NewJobs takes up the queue: what ran when an earlier process ended is put
// back first. CodeConflict when the database is a file and another process runs
// its jobs.
func (s *Store) NewJobs(ctx context.Context, run Run, o JobsOptions) (_ *Jobs, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Lease <= 0 {
		o.Lease = lease
	}
	if o.ID == "" {
		o.ID = rand.Text()
	}
	j := &Jobs{store: s, options: o, workers: river.NewWorkers(), attending: make(chan struct{}), stop: func() {}}
	river.AddWorker(j.workers, &worker{store: s, run: run, log: o.Logger, running: &j.running, slots: o.Workers})
	if j.queue, err = s.engine.queue(ctx, j); err != nil {
		return nil, err
	}
	return j, nil
}

// config is River's, but for what engines add.
func (j *Jobs) config() *river.Config {
	o := j.options
	return &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: max(1, o.Workers)}},
		Workers:              j.workers,
		JobTimeout:           o.Timeout,
		RescueStuckJobsAfter: o.Timeout + time.Hour, // taking up is quicker; this is for a stuck goroutine
		MaxAttempts:          max(1, o.Attempts),
		RetryPolicy:          backoff(o.Backoff),
		FetchCooldown:        10 * time.Millisecond,
		FetchPollInterval:    200 * time.Millisecond,
		Logger:               quiet(o.Logger),
	}
}

// quiet keeps River's own news to what is wrong.
func quiet(log *slog.Logger) *slog.Logger {
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
	attending, stop := context.WithCancel(context.WithoutCancel(ctx))
	j.stop = stop
	go func() {
		defer close(j.attending)
		j.queue.attend(attending)
	}()
	return j.store.unavailable(j.queue.Start(context.WithoutCancel(ctx)))
}

// Stop takes no new job and waits for those that run. When ctx ends first they
// are cancelled and will be taken up at the next start, or by another replica.
func (j *Jobs) Stop(ctx context.Context) error {
	err := j.queue.Stop(ctx)
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if err != nil {
		err = j.queue.StopAndCancel(ending)
	}
	j.stop()
	select {
	case <-j.attending:
	case <-ending.Done():
	}
	j.queue.leave(ending)
	return err
}

// Submit stores an evaluation and its job in one transaction. When it returns,
// the evaluation will be answered. created is false when the idempotency key
// named an earlier one, which is returned. CodeBusy: too many wait already.
func (j *Jobs) Submit(ctx context.Context, e gate.Evaluation, idempotencyKey string) (stored gate.Evaluation, created bool, err error) {
	err = j.store.transaction(ctx, func(tx *transaction) error {
		stored, created, err = j.store.insert(ctx, tx, e, idempotencyKey, func() error { return j.admit(ctx, tx, e.Request.Caller, 1) })
		if err != nil || !created {
			return err
		}
		return j.enqueue(ctx, tx, e, single)
	})
	return stored, created, err
}

// enqueue adds the job of a stored evaluation.
func (j *Jobs) enqueue(ctx context.Context, tx *transaction, e gate.Evaluation, kind bulk) error {
	turn, err := j.store.takeTurn(ctx, tx, e.ID, e.Request.Caller, kind)
	if err != nil {
		return j.store.unavailable(err)
	}
	id, err := j.queue.insert(ctx, tx, evaluate{ID: e.ID})
	if err == nil {
		err = j.queue.takeTurn(ctx, tx, id, turn)
	}
	return j.store.unavailable(err)
}

// worker runs one job.
type worker struct {
	river.WorkerDefaults[evaluate]
	store   *Store
	run     Run
	log     *slog.Logger
	running *running
	slots   int // how many jobs run at once
}

// Work implements river.Worker. What comes back as an error is tried again.
func (w *worker) Work(ctx context.Context, job *river.Job[evaluate]) error {
	e, err := w.store.Evaluation(ctx, job.Args.ID)
	if err != nil || e.State == gate.Done {
		return err
	}
	ctx, leave, yield := w.running.enter(ctx, e, max(1, w.slots/2), max(1, w.slots/4))
	if leave == nil {
		w.store.overdue(ctx, job.ID)
		return river.JobSnooze(yield)
	}
	defer leave()
	// Who cancels stores the verdict first and looks for the run then, so it is
	// found here or there.
	if e, err = w.store.Evaluation(ctx, e.ID); err != nil || e.State == gate.Done {
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
		w.log.Warn("an evaluation will be tried again", "evaluation", e.ID, "image", e.Request.Image, "attempt", job.Attempt, "error", err)
		w.store.overdue(ctx, job.ID)
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
