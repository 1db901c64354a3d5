package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// The longest a poll asks the gate to hold the answer back. A poll brings
// progress too: on a terminal somebody watches.
const (
	pollWatched = time.Second
	pollPlain   = 5 * time.Second
)

// evaluation is one that is not done.
type evaluation struct {
	ID       string        `json:"id"`
	Image    string        `json:"image"`
	State    gate.State    `json:"state"`
	Progress gate.Progress `json:"progress"`
}

// answer is what the gate says of an evaluation: its verdict, or how far it is.
type answer struct {
	verdict *gate.Verdict
	evaluation
}

// UnmarshalJSON tells them apart by their kind. What is neither is an error: a
// verdict without a decision would otherwise be one.
func (a *answer) UnmarshalJSON(data []byte) error {
	var kind struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return err
	}
	switch kind.Kind {
	case gate.KindVerdict:
		a.verdict = &gate.Verdict{}
		if err := json.Unmarshal(data, a.verdict); err != nil {
			return err
		}
		a.ID, a.Image = a.verdict.ID, a.verdict.Image
		return wellFormed(*a.verdict)
	case gate.KindEvaluation:
		err := json.Unmarshal(data, &a.evaluation)
		if err == nil && a.ID == "" {
			err = errors.New("the evaluation has no id")
		}
		return err
	}
	return fmt.Errorf("its kind is %q, and neither %s nor %s", kind.Kind, gate.KindVerdict, gate.KindEvaluation)
}

// wellFormed is what everything here relies on.
func wellFormed(v gate.Verdict) error {
	switch v.Decision {
	case gate.Pass, gate.Fail, gate.Errored:
	default:
		return fmt.Errorf("the verdict's decision is %q", v.Decision)
	}
	if v.Decision == gate.Pass && !isDigest(v.Digest) {
		return fmt.Errorf("the verdict passes %q, which is no digest", v.Digest)
	}
	return nil
}

// await polls until there is a verdict. When ctx ends before, the error says
// that the gate goes on.
func (a *api) await(ctx context.Context, image string, got answer, p *progress) (gate.Verdict, error) {
	defer p.clear()
	for got.verdict == nil {
		p.evaluation(image, got.evaluation)
		started := time.Now()
		next, err := a.poll(ctx, got.ID, p.live)
		if ctx.Err() != nil {
			return gate.Verdict{}, a.undecided(ctx, image, got.ID, err)
		}
		if err != nil {
			return gate.Verdict{}, err
		}
		if got = next; got.verdict == nil {
			pause(ctx, started)
		}
	}
	return *got.verdict, nil
}

func (a *api) poll(ctx context.Context, id string, watched bool) (answer, error) {
	return a.evaluation(ctx, id, a.pollTime(watched))
}

// evaluation is how one stands after at most wait seconds.
func (a *api) evaluation(ctx context.Context, id string, wait int) (answer, error) {
	var out answer
	resp, err := a.GetEvaluation(ctx, id, &client.GetEvaluationParams{Wait: &wait})
	return out, a.read(resp, err, &out)
}

// pause keeps polls a second apart: a gate that is about to end does not hold
// its answers back.
func pause(ctx context.Context, since time.Time) {
	timer := time.NewTimer(time.Until(since.Add(time.Second)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// pollTime is in seconds, and leaves an attempt half its time to be answered.
func (a *api) pollTime(watched bool) int {
	wait := pollPlain
	if watched {
		wait = pollWatched
	}
	return int(min(wait, a.timeout/2).Seconds())
}

// undecided says why there is no verdict yet, and how to get it.
func (a *api) undecided(ctx context.Context, image, id string, err error) error {
	why := "was not decided within --wait"
	if errors.Is(ctx.Err(), context.Canceled) {
		why = "is not decided: interrupted"
	}
	var tried *lastTrouble
	if errors.As(err, &tried) {
		why += " (" + tried.reason + ")"
	}
	return gate.NewError(gate.CodeUnavailable, fmt.Sprintf("%s %s; the gate goes on with evaluation %s, and gatectl wait %s finds its answer", image, why, id, id), nil)
}

// evaluate submits and awaits.
func (a *api) evaluate(ctx context.Context, req client.EvaluationRequest, p *progress) (gate.Verdict, error) {
	got, err := a.submit(ctx, req)
	if err != nil {
		return gate.Verdict{}, err
	}
	v, err := a.await(ctx, req.Image, got, p)
	if err == nil {
		a.answered(req)
	}
	return v, err
}
