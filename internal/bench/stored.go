package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The load of the rows of a stored verdict.
const (
	storedRate    = 500 // requests a second
	storedSeconds = 4
)

// stored asks for a decided digest again and again.
func (b *bench) stored(s *service, peer time.Duration) error {
	took, floor, err := b.again(s)
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("the same digest again, p50 at %d/s", storedRate), at(took, 50), peer, 0.1)
	b.limit(fmt.Sprintf("the same digest again, p99 at %d/s", storedRate), at(took, 99).Round(10*time.Microsecond).String(), at(took, 99) < 5*time.Millisecond, "5ms")
	b.ratio("the same digest again, p99 (peer: /healthz)", at(took, 99), at(floor, 99))
	idle, err := s.rss()
	if err != nil {
		return err
	}
	b.limit("memory of the service and its workers", mb(idle), idle < 512<<20, "512 MB")
	return nil
}

// postgres asks a service for a decided digest that keeps its verdicts in
// PostgreSQL.
func (b *bench) postgres() error {
	return b.onPostgreSQL("the same on PostgreSQL", func(_ string, args ...string) error {
		s, err := b.serve("postgres", args...)
		if err != nil {
			return err
		}
		defer s.stop()
		if _, err := push(remoteContext{b.ctx, b.host}, b.image, "bench/app:1"); err != nil {
			return err
		}
		took, floor, err := b.again(s)
		if err != nil {
			return err
		}
		b.ratio("the same on PostgreSQL, p50 (peer: /healthz)", at(took, 50), at(floor, 50))
		b.ratio("the same on PostgreSQL, p99 (peer: /healthz)", at(took, 99), at(floor, 99))
		b.limit(fmt.Sprintf("the same on PostgreSQL, p99 at %d/s", storedRate), at(took, 99).Round(10*time.Microsecond).String(), at(took, 99) < 5*time.Millisecond, "5ms")
		return nil
	})
}

// again has the image decided, and then asks for its digest at a steady rate,
// after as many requests to /healthz: what the machine and HTTP cost without
// the gate. Both are sorted.
func (b *bench) again(s *service) (took, floor []time.Duration, err error) {
	digest, err := b.image.Digest()
	if err != nil {
		return nil, nil, err
	}
	pinned := b.host + "/bench/app@" + digest.String()
	ask := func(ctx context.Context, _ int) error { return post(ctx, s.url, pinned) }
	if err := ask(b.ctx, 0); err != nil {
		return nil, nil, err
	}
	if _, err := load(b.ctx, storedRate, 1, ask); err != nil {
		return nil, nil, err // the first second is for warming up
	}
	if floor, err = load(b.ctx, storedRate, storedSeconds, func(ctx context.Context, _ int) error { return ping(ctx, http.DefaultClient, s.url) }); err != nil {
		return nil, nil, err
	}
	took, err = load(b.ctx, storedRate, storedSeconds, ask)
	return took, floor, err
}

// at is a percentile of sorted durations.
func at(d []time.Duration, percent int) time.Duration { return d[len(d)*percent/100] }

// post asks the service about an image and waits for the verdict.
func post(ctx context.Context, url, image string) error {
	body, err := json.Marshal(map[string]any{"image": image})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/evaluations?wait=60", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	text, err := answer(http.DefaultClient, req)
	if err == nil && strings.Contains(text, `"decision":"error"`) {
		err = fmt.Errorf("%s: %.300s", image, text)
	}
	return err
}
