package main

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/store"
	"github.com/imagegate/imagegate/internal/trace"
)

// evaluations is the queue as the server needs it: what is decided already is
// answered at once, the rest becomes a job.
type evaluations struct {
	service *gate.Service
	store   *store.Store
	jobs    *store.Jobs
	tracer  *trace.Tracer // nil: nobody follows
}

// maxAttempts is how often an evaluation is tried while the registry or a
// worker is away.
const maxAttempts = 5

// startJobs takes up the queue of a wired gate.
func startJobs(ctx context.Context, a *app, o appOptions) (*evaluations, error) {
	// Many pipelines ask for one new base image in the same minute.
	a.service.Analyzer = gate.Share(a.service.Analyzer, a.log)
	e := &evaluations{service: a.service, store: a.store, tracer: a.tracer}
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
	if e.tracer != nil {
		ctx = e.tracer.Resumed(ctx, ev.ID)
	}
	_, err := e.service.Evaluate(ctx, ev.ID, ev.Request, last, func(p gate.Progress) { e.store.Report(ev.ID, p) })
	return err
}

// Submit implements server.Evaluations.
func (e *evaluations) Submit(ctx context.Context, req gate.Request, key string) (gate.Evaluation, error) {
	ev, err := e.accepted(ctx, req)
	if err != nil || ev.State == gate.Done {
		return ev, err
	}
	stored, _, err := e.jobs.Submit(ctx, ev, key)
	return stored, err
}

// SubmitAll implements server.Evaluations.
func (e *evaluations) SubmitAll(ctx context.Context, reqs []gate.Request, key string) ([]gate.Evaluation, error) {
	var all []gate.Evaluation
	for _, req := range reqs {
		ev, err := e.accepted(ctx, req)
		if err != nil {
			return nil, err
		}
		all = append(all, ev)
	}
	return e.jobs.SubmitAll(ctx, all, key)
}

// accepted is a new evaluation of a request, done where it is decided already.
func (e *evaluations) accepted(ctx context.Context, req gate.Request) (gate.Evaluation, error) {
	v, err := e.service.Stored(ctx, req)
	if err != nil {
		return gate.Evaluation{}, err
	}
	if v != nil {
		return gate.Evaluation{ID: v.ID, Request: req, State: gate.Done, Verdict: v, CreatedAt: v.DecidedAt, DoneAt: v.DecidedAt}, nil
	}
	id := newID()
	if e.tracer != nil {
		e.tracer.Accepted(ctx, id)
	}
	return gate.Evaluation{ID: id, Request: req, State: gate.Queued, CreatedAt: time.Now().UTC()}, nil
}

// Get implements server.Evaluations.
func (e *evaluations) Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	return e.store.Wait(ctx, id, wait)
}

// Cancel implements server.Evaluations.
func (e *evaluations) Cancel(ctx context.Context, id string) (gate.Evaluation, error) {
	return e.jobs.Cancel(ctx, id)
}

// List implements server.Evaluations.
func (e *evaluations) List(ctx context.Context, f gate.Filter, after *gate.Position, limit int) ([]gate.Listed, error) {
	if f.Pattern() {
		if err := policy.ValidPattern(f.Image); err != nil {
			return nil, err
		}
	}
	return e.store.List(ctx, f, after, limit, policy.MatchRepository)
}
