package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

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

// queueOptions say what waits, and where.
type queueOptions struct {
	replica                       string
	maxQueued, maxQueuedPerCaller int
}

func (o *queueOptions) flags(cmd *cobra.Command) {
	host, _ := os.Hostname() // a name for people; empty does no harm
	f := cmd.Flags()
	f.StringVar(&o.replica, "replica", host, "name of this process among those that share a --database")
	f.IntVar(&o.maxQueued, "max-queued", 10_000, "how many evaluations may wait or run, of all replicas together; past them requests are answered with 429; 0: no bound")
	f.IntVar(&o.maxQueuedPerCaller, "max-queued-per-caller", 5_000, "the same, of one caller")
}

// startJobs takes up the queue of a wired gate.
func startJobs(ctx context.Context, a *app, o appOptions, qo queueOptions) (*evaluations, error) {
	// Many pipelines ask for one new base image in the same minute.
	a.service.Analyzer = gate.Share(oneReplica{a.service.Analyzer, a.store}, a.log)
	if a.service.Signer != nil {
		a.service.Signer = leasedSigner{a.service.Signer, a.store}
	}
	e := &evaluations{service: a.service, store: a.store, tracer: a.tracer}
	jobs, err := a.store.NewJobs(ctx, e.run, store.JobsOptions{
		// Early denials and stored verdicts need no worker, so more jobs than
		// workers run at once.
		Workers: o.workers * 4, Timeout: o.timeout + time.Minute, Attempts: maxAttempts, Logger: a.log,
		ID: newID(), Replica: qo.replica, MaxQueued: qo.maxQueued, MaxQueuedPerCaller: qo.maxQueuedPerCaller,
	})
	if err != nil {
		return nil, err
	}
	e.jobs = jobs
	return e, jobs.Start(ctx)
}

// oneReplica has an image analyzed by one replica at a time: the others wait,
// and then find its layers among those that are shared.
type oneReplica struct {
	gate.Analyzer
	store *store.Store
}

// Analyze implements gate.Analyzer.
func (o oneReplica) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	release, err := o.store.Exclusive(ctx, "analysis of "+img.Digest)
	if err != nil {
		return nil, err
	}
	defer release()
	return o.Analyzer.Analyze(ctx, img, report)
}

// leasedSigner has a digest signed by one replica at a time: the others find its
// signature.
type leasedSigner struct {
	gate.Signer
	store *store.Store
}

// Sign implements gate.Signer.
func (l leasedSigner) Sign(ctx context.Context, req gate.SignRequest) (string, error) {
	release, err := l.store.Exclusive(ctx, "signing of "+req.Repository+"@"+req.Digest)
	if err != nil {
		return "", err
	}
	defer release()
	return l.Signer.Sign(ctx, req)
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
