package store

import (
	"context"
	"errors"
	"sync"

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

// running are the contexts of the evaluations that run in this process.
type running struct {
	mu      sync.Mutex
	cancels map[string]context.CancelCauseFunc // mu guards it
}

// enter is ctx, which cancel ends early. leave must be called.
func (r *running) enter(ctx context.Context, id string) (_ context.Context, leave func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancels == nil {
		r.cancels = map[string]context.CancelCauseFunc{}
	}
	r.cancels[id] = cancel
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.cancels, id)
		cancel(nil)
	}
}

func (r *running) cancel(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel := r.cancels[id]; cancel != nil {
		cancel(errCancelled)
	}
}
