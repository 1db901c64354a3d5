package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imagegate/imagegate/internal/bench/fixture"
	"github.com/imagegate/imagegate/internal/gate"
)

const (
	crowd     = 500 // images of the queue row
	batchSize = 100 // the most that one request may name
)

// queue hands many different images to a service of two workers at once, and
// looks at it until the last is decided.
func (b *bench) queue() error {
	images, err := b.pushCrowd()
	if err != nil {
		return err
	}
	return b.onBoth(fmt.Sprintf("%d images queued (PostgreSQL)", crowd), func(engine string, args ...string) error {
		s, err := b.serve("queue-"+engine, append(args, "--workers", "2")...)
		if err != nil {
			return err
		}
		defer s.stop()
		start := time.Now()
		if err := s.submit(images); err != nil {
			return err
		}
		w, err := s.watchQueue()
		if err != nil {
			return err
		}
		took := time.Since(start)
		decisions, err := s.decisions()
		if err != nil {
			return err
		}
		if decisions[gate.Errored] > 0 || decisions[gate.Pass]+decisions[gate.Fail] != crowd {
			return fmt.Errorf("of %d images were decided: %v", crowd, decisions)
		}
		b.limit(fmt.Sprintf("%d images queued (%s), all decided in", crowd, engine), took.Round(10*time.Millisecond).String(), took < time.Minute, "60s")
		b.limit("  memory, service and two workers at most", mb(w.memory), w.memory < 512<<20, "512 MB")
		// Between its start and its first step one is silent for a moment.
		b.limit(fmt.Sprintf("  looks at what runs (%d) that saw a step", w.looks), fmt.Sprint(w.told), w.looks > 0 && w.told >= w.looks*9/10, "90 %")
		return nil
	})
}

// submit queues images, as many at a time as the gate takes.
func (s *service) submit(images []string) error {
	for batch := range slices.Chunk(images, batchSize) {
		body, err := json.Marshal(map[string]any{"images": batch})
		if err != nil {
			return err
		}
		var accepted struct{ Items []struct{ ID string } }
		if err := s.call(http.MethodPost, "/v1/evaluations:batch", string(body), &accepted); err != nil {
			return err
		}
		if len(accepted.Items) != len(batch) {
			return fmt.Errorf("a batch of %d images was accepted as %d evaluations", len(batch), len(accepted.Items))
		}
	}
	return nil
}

// pushCrowd makes small images: a base that all share, and a layer each.
func (b *bench) pushCrowd() ([]string, error) {
	l := fixture.NewLayer()
	distribution(l)
	base, err := l.Blob()
	if err != nil {
		return nil, err
	}
	images := make([]string, crowd)
	g, ctx := errgroup.WithContext(b.ctx)
	g.SetLimit(8)
	for i := range crowd {
		g.Go(func() error {
			l := fixture.NewLayer()
			l.File("srv/app.conf", 0o644, bytes.Repeat(fmt.Appendf(nil, "application %d answers on port 8080\n", i), 2000))
			own, err := l.Blob()
			if err != nil {
				return err
			}
			image, err := fixture.Image(base, own)
			if err != nil {
				return err
			}
			if image, err = variant(image, "65532:65532", i); err != nil {
				return err
			}
			images[i], err = push(remoteContext{ctx, b.host}, image, fmt.Sprintf("queue/app-%d:1", i))
			return err
		})
	}
	return images, g.Wait()
}

// watched is what was seen of a queue.
type watched struct {
	memory int64 // bytes, at most
	looks  int   // at what was running
	told   int   // looks in which something that ran told its step
}

// watchQueue looks until nothing waits and nothing runs.
func (s *service) watchQueue() (w watched, err error) {
	for deadline := time.Now().Add(5 * time.Minute); ; {
		size, err := s.most()
		if err == nil { // a worker may end between two looks
			w.memory = max(w.memory, size)
		}
		// In the order of an evaluation's life, so that none is missed between.
		queued, err := s.list("queued")
		if err != nil {
			return w, err
		}
		running, err := s.list("running")
		if err != nil {
			return w, err
		}
		var asked, told int
		for _, e := range running {
			var now struct {
				State    gate.State
				Progress gate.Progress
			}
			if err := s.call(http.MethodGet, "/v1/evaluations/"+e.ID, "", &now); err != nil {
				return w, err
			}
			if now.State == gate.Running { // a verdict has no state
				asked++
				if now.Progress.Step != "" {
					told++
				}
			}
		}
		if asked > 0 {
			w.looks++
			if told > 0 {
				w.told++
			}
		}
		if len(queued)+len(running) == 0 {
			return w, nil
		}
		if time.Now().After(deadline) {
			return w, fmt.Errorf("%d images are not decided within five minutes", crowd)
		}
		select {
		case <-s.b.ctx.Done():
			return w, s.b.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// list is the first page of evaluations in a state.
func (s *service) list(state string) ([]gate.Listed, error) {
	var page struct{ Items []gate.Listed }
	err := s.call(http.MethodGet, "/v1/evaluations?limit=200&state="+state, "", &page)
	return page.Items, err
}

// decisions counts all that is decided.
func (s *service) decisions() (map[gate.Decision]int, error) {
	out := map[gate.Decision]int{}
	for cursor := ""; ; {
		var page struct {
			Items []gate.Listed
			Next  string
		}
		if err := s.call(http.MethodGet, "/v1/evaluations?limit=200&state=done"+cursor, "", &page); err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			out[e.Decision]++
		}
		if page.Next == "" {
			return out, nil
		}
		cursor = "&cursor=" + page.Next
	}
}
