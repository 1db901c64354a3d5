package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// remember opens the state that requests are kept in until they are answered:
// the named file, or one in the CI's own temporary directory that only these
// requests have. A file that cannot be trusted is told of, and left alone.
func (a *api) remember(name string, reqs ...client.EvaluationRequest) {
	run := hereCI()
	a.run = run.runID(os.Getenv)
	if name == "" {
		dir := run.tempDir()
		if dir == "" {
			return
		}
		var all strings.Builder
		for _, req := range reqs {
			all.WriteString(fingerprint(a.server, req))
		}
		sum := strings.TrimPrefix(fingerprint(all.String(), client.EvaluationRequest{}), "sha256:")
		name = filepath.Join(dir, "gatectl-"+sum[:16]+".json")
	}
	s, err := openState(name, time.Now())
	if err != nil {
		a.notice(printable(fmt.Sprintf("the state file %s is not used: %v; remove it, or name another with --state", name, cause(err))))
		return
	}
	a.state = s
}

// submit asks about an image, or finds what was asked before this command was
// started again.
func (a *api) submit(ctx context.Context, req client.EvaluationRequest) (answer, error) {
	request := fingerprint(a.server, req)
	if p, ok := a.state.find(request); ok {
		got, err := a.resume(ctx, req, p)
		if !errors.Is(err, errForgotten) {
			return got, err
		}
		a.notice(printable(fmt.Sprintf("%s: %v; asking anew", req.Image, err)))
	}
	for n := 0; ; n++ {
		k, derived := key(a.run, request, n)
		p := pending{Request: request, Key: k, At: time.Now().UTC()}
		got, err := a.send(ctx, req, p)
		if err != nil {
			return got, err
		}
		// The gate answers a new request with 202: a verdict at once is one
		// that an earlier command of this run was given.
		if got.verdict == nil || !derived || lasting(req.Image, *got.verdict, time.Now()) {
			return got, nil
		}
	}
}

// errForgotten is a state that does not fit what the gate says.
var errForgotten = errors.New("what its state names is not this request's evaluation")

// resume goes on with a request of the state. Whoever wrote the file might
// have named another image's evaluation, so the answer must fit the request.
func (a *api) resume(ctx context.Context, req client.EvaluationRequest, p pending) (answer, error) {
	if p.ID == "" {
		return a.send(ctx, req, p)
	}
	got, err := a.evaluation(ctx, p.ID, 0)
	if gate.CodeOf(err) == gate.CodeNotFound && err != nil {
		return got, fmt.Errorf("the gate knows no evaluation %s any more: %w", p.ID, errForgotten)
	}
	if err != nil {
		return got, err
	}
	if !got.answers(req) {
		return got, fmt.Errorf("evaluation %s: %w", p.ID, errForgotten)
	}
	a.notice(fmt.Sprintf("%s: going on with evaluation %s", printable(req.Image), p.ID))
	return got, nil
}

// answers reports whether it is one to the request, as far as it tells.
func (a answer) answers(req client.EvaluationRequest) bool {
	v := a.verdict
	if v == nil {
		return a.Image == req.Image
	}
	unasked := req.Sign != nil && *req.Sign && v.Decision == gate.Pass && v.Signature.State == gate.NotAsked
	return v.Image == req.Image && !unasked && (req.Policy == nil || v.Policy.Name == *req.Policy || v.Decision == gate.Errored)
}

// send POSTs the request under its key, and remembers first the one and then
// the evaluation.
func (a *api) send(ctx context.Context, req client.EvaluationRequest, p pending) (answer, error) {
	var out answer
	if err := a.state.put(p); err != nil {
		return out, err
	}
	resp, err := a.CreateEvaluation(ctx, &client.CreateEvaluationParams{IdempotencyKey: &p.Key}, req)
	if err := a.read(resp, err, &out); err != nil {
		return out, a.taken(err)
	}
	p.ID = out.ID
	if !evaluationID.MatchString(p.ID) {
		return out, gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s names an evaluation %.80q, which is no id: is --server right", a.server, p.ID), nil)
	}
	return out, a.state.put(p)
}

// taken explains the conflict of a key.
func (a *api) taken(err error) error {
	if gate.CodeOf(err) != gate.CodeConflict {
		return err
	}
	mend := "the same command goes under another key"
	switch {
	case a.state != nil:
		mend = "remove the state file " + a.state.name + ", which another request left"
	case a.run != "":
		mend = "start the job anew, which makes another run of it"
	}
	return gate.NewError(gate.CodeConflict, "the key this request was sent under is that of another request at the gate: "+mend, err)
}

// answered forgets a request whose answer was read.
func (a *api) answered(req client.EvaluationRequest) {
	if err := a.state.drop(fingerprint(a.server, req)); err != nil {
		a.notice(printable(err.Error()))
	}
}
