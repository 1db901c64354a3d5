package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// patience is how long a caller goes on asking. Nothing here is away so long.
const patience = 3 * time.Minute

// maxAgain is how often a caller asks again about an image that could not be
// decided.
const maxAgain = 3

// pipeline is one caller's programs that ask and wait.
type pipeline struct {
	name string
	host string // of the registry, in references
	gate *client.Client
	log  *log
}

// ask POSTs one request under a key and waits for its verdict.
func (p *pipeline) ask(ctx context.Context, n *note, image string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sign := true
	v, id, err := read(p.gate.CreateEvaluation(ctx, &client.CreateEvaluationParams{IdempotencyKey: &n.key}, client.EvaluationRequest{Image: image, Sign: &sign})) //nolint:bodyclose // read closes it
	if err != nil {
		n.fail(err)
		return
	}
	n.accepted(id)
	if v != nil {
		n.saw(*v)
		return
	}
	p.await(ctx, n, id)
}

// await polls until there is a verdict, as gatectl does.
func (p *pipeline) await(ctx context.Context, n *note, id string) {
	wait := 5
	for {
		started := time.Now()
		v, _, err := read(p.gate.GetEvaluation(ctx, id, &client.GetEvaluationParams{Wait: &wait})) //nolint:bodyclose // read closes it
		if err != nil {
			n.fail(err)
			return
		}
		if v != nil {
			n.saw(*v)
			return
		}
		if !pause(ctx, time.Until(started.Add(time.Second))) {
			n.fail(fmt.Errorf("evaluation %s has no verdict after %s", id, time.Since(n.asked).Round(time.Second)))
			return
		}
	}
}

// insist asks again, under new keys, while the answer is an error.
func (p *pipeline) insist(ctx context.Context, n *note, image string) {
	for again := 0; again < maxAgain; again++ {
		if n.verdict == nil || n.verdict.Decision != gate.Errored || n.verdict.WasCancelled() {
			return
		}
		p.log.say("%s could not be decided (%s); asking again", image, reason(n.verdict))
		next := newNote(n.caller, n.how, uuid.NewString(), n.subject, n.round)
		n.again = next
		p.ask(ctx, next, image)
		n = next
	}
}

// one asks once, by tag or digest.
func (p *pipeline) one(ctx context.Context, n *note, image string) {
	p.ask(ctx, n, image)
	p.insist(ctx, n, image)
}

// twice sends one request from two programs at once, under one key.
func (p *pipeline) twice(ctx context.Context, n *note, image string) {
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { p.ask(ctx, n, image) })
	}
	both.Wait()
	p.insist(ctx, n, image)
}

// batch asks about several at once; all have one key.
func (p *pipeline) batch(ctx context.Context, notes []*note) {
	sign, images := true, []string{}
	for _, n := range notes {
		images = append(images, n.subject.byTag(p.host))
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids, err := readBatch(p.gate.CreateBatch(limited, &client.CreateBatchParams{IdempotencyKey: &notes[0].key}, client.BatchRequest{Images: images, Sign: &sign})) //nolint:bodyclose // read closes it
	if err == nil && len(ids) != len(notes) {
		err = fmt.Errorf("a batch of %d is answered with %d", len(notes), len(ids))
	}
	var all sync.WaitGroup
	for i, n := range notes {
		if err != nil {
			n.fail(err)
			continue
		}
		n.accepted(ids[i])
		all.Go(func() {
			p.await(limited, n, ids[i])
			p.insist(ctx, n, images[i])
		})
	}
	all.Wait()
}

// cancel asks, and soon calls it off; what was decided before stands.
func (p *pipeline) cancel(ctx context.Context, n *note, image string) {
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	sign := true
	v, id, err := read(p.gate.CreateEvaluation(limited, &client.CreateEvaluationParams{IdempotencyKey: &n.key}, client.EvaluationRequest{Image: image, Sign: &sign})) //nolint:bodyclose // read closes it
	if err != nil {
		n.fail(err)
		return
	}
	n.accepted(id)
	pause(limited, rand.N(time.Second)) //nolint:gosec // no secret
	if v == nil {
		v, _, err = read(p.gate.CancelEvaluation(limited, id)) //nolint:bodyclose // read closes it
	}
	var decided *refusal
	switch {
	case errors.As(err, &decided) && decided.status == http.StatusConflict:
		p.await(limited, n, id)
		p.insist(ctx, n, image)
	case err != nil:
		n.fail(err)
	case v == nil:
		n.fail(fmt.Errorf("%s: the answer to cancelling is no verdict", id))
	default:
		n.saw(*v)
	}
}

func readBatch(r *http.Response, err error) (ids []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusAccepted {
		return nil, fmt.Errorf("the batch: %s %.300s %w", r.Status, text, err)
	}
	var b client.Batch
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, err
	}
	for _, item := range b.Items {
		ids = append(ids, item.Id)
	}
	return ids, nil
}

// pause waits; false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
