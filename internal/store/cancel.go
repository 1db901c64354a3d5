package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// errCancelled is the cause of a context that ended because the evaluation was
// called off.
var errCancelled = errors.New("cancelled by its caller")

// Cancel calls off an evaluation that is queued or running: it ends in the
// verdict of gate.Cancelled, and whoever runs it is told to stop. Cancelling
// again changes nothing. CodeConflict when it is decided already: the verdict
// that is stored first stands. CodeNotFound names the id.
func (j *Jobs) Cancel(ctx context.Context, id string) (gate.Evaluation, error) {
	e, err := j.store.Evaluation(ctx, id)
	if err != nil {
		return e, err
	}
	if e.State == gate.Done {
		if e.Verdict.WasCancelled() {
			return e, nil
		}
		return e, gate.AlreadyDone(*e.Verdict)
	}
	// From the verdict on it is cancelled, whatever happens to the process: the
	// job finds the verdict and ends. Nobody who asked may half undo that by
	// going away.
	ctx = context.WithoutCancel(ctx)
	v, err := j.store.Record(ctx, gate.Recording{Verdict: gate.Cancelled(e, j.store.now())})
	if err != nil {
		return e, err
	}
	if !v.WasCancelled() {
		return e, gate.AlreadyDone(v)
	}
	if e.Request.Sign {
		if err := j.store.RecordSignature(ctx, id, gate.SignatureState{State: gate.Refused, Reason: "the evaluation was cancelled"}); err != nil {
			return e, err
		}
	}
	if err := j.store.finish(ctx, id); err != nil {
		return e, err
	}
	j.running.cancel(id)
	return j.store.Evaluation(ctx, id)
}

// running are the evaluations that run in this process.
type running struct {
	mu  sync.Mutex // guards all
	all map[string]run
}

// run is one of them.
type run struct {
	caller, image string
	began         time.Time
	cancel        context.CancelCauseFunc
}

// How long who finds no place stays away: as long as the newest of those in the
// way has run, within these bounds. Of images that are decided quickly the next
// comes quickly, and nobody asks all the time about a slow one.
const (
	shortestYield = 50 * time.Millisecond
	longestYield  = time.Second
)

// enter is ctx, which cancel ends early; leave must be called. Where as many as
// may be of one caller or of one image run already, leave is nil, and yield says
// when to come again: those who wait for one slow image would leave no room for
// others.
func (r *running) enter(ctx context.Context, e gate.Evaluation, ofCaller, ofImage int) (_ context.Context, leave func(), yield time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var newest time.Time
	for _, other := range r.all {
		sameCaller, sameImage := other.caller == e.Request.Caller, other.image == e.Request.Image
		if sameCaller {
			ofCaller--
		}
		if sameImage {
			ofImage--
		}
		if (sameCaller || sameImage) && other.began.After(newest) {
			newest = other.began
		}
	}
	if ofCaller <= 0 || ofImage <= 0 {
		return ctx, nil, min(max(time.Since(newest), shortestYield), longestYield)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if r.all == nil {
		r.all = map[string]run{}
	}
	r.all[e.ID] = run{e.Request.Caller, e.Request.Image, time.Now(), cancel}
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.all, e.ID)
		cancel(nil)
	}, 0
}

func (r *running) cancel(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run, ok := r.all[id]; ok {
		run.cancel(errCancelled)
	}
}

// ids are the evaluations that run here.
func (r *running) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.AppendSeq([]string{}, maps.Keys(r.all)) // never nil, which is NULL in SQL
}
