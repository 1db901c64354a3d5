package main

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/store"
)

// evaluations is the queue as the server needs it: what is decided already is
// answered at once, the rest becomes a job.
type evaluations struct {
	service *gate.Service
	store   *store.Store
	jobs    *store.Jobs
}

// maxAttempts is how often an evaluation is tried while the registry or a
// worker is away.
const maxAttempts = 5

// startJobs takes up the queue of a wired gate.
func startJobs(ctx context.Context, a *app, o appOptions) (*evaluations, error) {
	e := &evaluations{service: a.service, store: a.store}
	jobs, err := a.store.NewJobs(ctx, e.run, store.JobsOptions{
		// Early denials and stored verdicts need no worker, so more jobs than
		// workers run at once.
		Workers: o.workers * 4, Timeout: o.timeout + time.Minute, Attempts: maxAttempts, Logger: a.log,
	})
	if err != nil {
		return nil, err
	}
	e.jobs = jobs
	return e, jobs.Start(ctx)
}

// run evaluates one job.
func (e *evaluations) run(ctx context.Context, ev gate.Evaluation, last bool) error {
	_, err := e.service.Evaluate(ctx, ev.ID, ev.Request, last, func(p gate.Progress) { e.store.Report(ev.ID, p) })
	return err
}

// Submit implements server.Evaluations.
func (e *evaluations) Submit(ctx context.Context, req gate.Request, key string) (gate.Evaluation, error) {
	v, err := e.service.Stored(ctx, req)
	if err != nil {
		return gate.Evaluation{}, err
	}
	if v != nil {
		return gate.Evaluation{ID: v.ID, Request: req, State: gate.Done, Verdict: v, CreatedAt: v.DecidedAt, DoneAt: v.DecidedAt}, nil
	}
	stored, _, err := e.jobs.Submit(ctx, gate.Evaluation{ID: newID(), Request: req, State: gate.Queued, CreatedAt: time.Now().UTC()}, key)
	return stored, err
}

// Get implements server.Evaluations.
func (e *evaluations) Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	return e.store.Wait(ctx, id, wait)
}
