package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imagegate/imagegate/client"
)

// The waits of gatectl between attempts.
const (
	firstWait     = 500 * time.Millisecond
	lastWait      = 15 * time.Second
	maxRetryAfter = time.Minute
	// attempt bounds one, as gatectl's --timeout does: a replica that stalled
	// takes connections and says nothing.
	attempt = 10 * time.Second
)

// gateway sends one caller's requests to the replicas in turn, until one
// answers, by gatectl's rules.
type gateway struct {
	addresses []string
	token     string
	http      *http.Client
	next      atomic.Int64
	tally     *tally
}

// tally counts attempts that had to be made again, by what was answered.
type tally struct {
	mu sync.Mutex // guards again
	// again counts them by status, 0 where there was no answer.
	again map[int]int
}

func (t *tally) add(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.again[status]++
}

func (t *tally) of(status int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.again[status]
}

// all is how many there were.
func (t *tally) all() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, some := range t.again {
		n += some
	}
	return n
}

func (s *stage) newGateway(c caller, t *tally) (*client.Client, error) {
	g := &gateway{token: c.token, tally: t, http: &http.Client{Timeout: attempt, Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 20 * time.Second}}}
	for _, r := range s.replicas {
		g.addresses = append(g.addresses, r.address())
	}
	return client.NewClient("http://gate.invalid", client.WithHTTPClient(g))
}

// Do implements client.HttpRequestDoer.
func (g *gateway) Do(r *http.Request) (*http.Response, error) {
	for n := 0; ; n++ {
		resp, err := g.once(r)
		if err == nil && !mayPass(resp) {
			return resp, nil
		}
		status := 0
		if err == nil {
			status = resp.StatusCode
		}
		if r.Context().Err() == nil {
			g.tally.add(status)
		}
		timer := time.NewTimer(backoff(n, resp))
		select {
		case <-timer.C:
		case <-r.Context().Done():
			timer.Stop()
			return nil, fmt.Errorf("%s %s: not answered in time, at last status %d: %w", r.Method, r.URL.Path, status, cause(r.Context(), err))
		}
	}
}

func cause(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return ctx.Err()
}

// once sends the request to the replica whose turn it is, and reads the answer.
func (g *gateway) once(r *http.Request) (*http.Response, error) {
	req := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	req.URL.Host = g.addresses[int(g.next.Add(1))%len(g.addresses)]
	req.Host = req.URL.Host
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, err
}

// mayPass says whether the same request may be answered later.
func mayPass(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusBadGateway:
		t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return t != "application/problem+json"
	}
	return false
}

// backoff doubles with jitter, and believes a gate that says when to come back.
func backoff(n int, r *http.Response) time.Duration {
	if r != nil {
		if seconds, err := strconv.Atoi(strings.TrimSpace(r.Header.Get("Retry-After"))); err == nil {
			wait := min(time.Duration(seconds)*time.Second, maxRetryAfter)
			return wait + rand.N(wait/4+1) //nolint:gosec // jitter, no secret
		}
	}
	wait := min(firstWait<<min(n, 10), lastWait)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter, no secret
}
