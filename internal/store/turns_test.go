package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func of(caller, id string) gate.Evaluation {
	return gate.Evaluation{ID: id, Request: gate.Request{Image: "app", Caller: caller}, CreatedAt: noon}
}

// served runs what asks submits while one job holds the only worker, and tells
// in which order the rest ran.
func served(t *testing.T, ask func(*Jobs)) string {
	t.Helper()
	s := openTest(t)
	hold, holding := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	var order []string
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		if e.ID == "first" {
			close(holding)
			<-hold
		}
		mu.Lock()
		order = append(order, e.ID)
		mu.Unlock()
		return passing(s)(ctx, e, last)
	}, JobsOptions{Workers: 1})
	if _, _, err := j.Submit(t.Context(), of("a", "first"), ""); err != nil {
		t.Fatal(err)
	}
	<-holding
	ask(j)
	close(hold)
	for _, id := range column(t, s, `SELECT id FROM evaluations`) {
		done(t, s, id)
	}
	return strings.Join(order[1:], " ")
}

func TestCallersAreServedInTurn(t *testing.T) {
	one := func(t *testing.T, j *Jobs, caller, id string) {
		t.Helper()
		if _, _, err := j.Submit(t.Context(), of(caller, id), ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		ask  func(*testing.T, *Jobs)
		want string
	}{
		{"one after the other where one asks", func(t *testing.T, j *Jobs) {
			for i := range 4 {
				one(t, j, "a", fmt.Sprint("a", i))
			}
		}, "a0 a1 a2 a3"},
		{"who comes late does not wait for all of another's", func(t *testing.T, j *Jobs) {
			for i := range 5 {
				one(t, j, "a", fmt.Sprint("a", i))
			}
			one(t, j, "b", "b0")
			one(t, j, "c", "c0")
			one(t, j, "b", "b1")
		}, "a0 b0 c0 a1 b1 a2 a3 a4"},
		{"a batch does not keep its own caller's single image waiting", func(t *testing.T, j *Jobs) {
			var all []gate.Evaluation
			for i := range 4 {
				e := of("a", fmt.Sprint("batch", i))
				e.Request.Image = e.ID
				all = append(all, e)
			}
			if _, err := j.SubmitAll(t.Context(), all, ""); err != nil {
				t.Fatal(err)
			}
			one(t, j, "a", "a0")
			one(t, j, "a", "a1")
		}, "batch0 batch1 a0 batch2 a1 batch3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := served(t, func(j *Jobs) { test.ask(t, j) }); got != test.want {
				t.Errorf("served %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatFailedOnceGoesBeforeWhatWasNotBegun(t *testing.T) {
	s := openTest(t)
	var mu sync.Mutex
	var order []string
	hold := make(chan struct{})
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		mu.Lock()
		order = append(order, e.ID)
		again := e.ID == "again" && len(order) == 1
		mu.Unlock()
		switch {
		case again:
			return gate.NewError(gate.CodeUnavailable, "the registry is away", nil)
		case e.ID == "long":
			<-hold
		}
		return passing(s)(ctx, e, last)
	}, JobsOptions{Workers: 1, Backoff: func(int) time.Duration { return time.Second }})
	for _, e := range []gate.Evaluation{of("a", "again"), of("b", "long")} {
		if _, _, err := j.Submit(t.Context(), e, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if _, _, err := j.Submit(t.Context(), of("c", fmt.Sprint("c", i)), ""); err != nil {
			t.Fatal(err)
		}
	}
	// The failed one waits its backoff out while the long one runs.
	deadline := time.Now().Add(20 * time.Second)
	for waited := (time.Time{}); waited.IsZero() || time.Since(waited) < 1100*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		if waited.IsZero() && len(column(t, s, `SELECT kind FROM river_job WHERE state = 'available' AND attempt = 1`)) > 0 {
			waited = time.Now()
		}
		if time.Now().After(deadline) {
			t.Fatal("the failed one never became ready")
		}
	}
	close(hold)
	done(t, s, "c4")
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(order[:3], []string{"again", "long", "again"}) {
		t.Errorf("ran %q", order)
	}
}

func TestTooManyThatWaitAreRefused(t *testing.T) {
	s := openTest(t)
	j, err := s.NewJobs(t.Context(), passing(s), JobsOptions{Timeout: time.Minute, MaxQueued: 5, MaxQueuedPerCaller: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer j.queue.leave(t.Context())
	ask := func(caller, id, key string) error {
		_, _, err := j.Submit(t.Context(), of(caller, id), key)
		return err
	}
	for i := range 3 {
		if err := ask("a", fmt.Sprint("a", i), fmt.Sprint("key", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask("a", "a3", ""); gate.CodeOf(err) != gate.CodeBusy || !strings.Contains(err.Error(), "at most 3") || !gate.Retryable(err) {
		t.Errorf("a fourth of one caller: %v", err)
	}
	if err := ask("a", "another id", "key0"); err != nil {
		t.Errorf("what is accepted already is refused when asked again: %v", err)
	}
	if _, err := j.SubmitAll(t.Context(), []gate.Evaluation{of("b", "b0"), of("b", "b1"), of("b", "b2")}, ""); gate.CodeOf(err) != gate.CodeBusy || !strings.Contains(err.Error(), "at most 5") {
		t.Errorf("a batch that is too much for all: %v", err)
	}
	if err := ask("b", "b0", ""); err != nil {
		t.Errorf("another caller suffers: %v", err)
	}
	if n := len(column(t, s, `SELECT id FROM evaluations`)); n != 4 {
		t.Errorf("%d are stored", n)
	}
}

func TestNeitherOneCallerNorOneImageTakesEveryPlace(t *testing.T) {
	s := openTest(t)
	hold := make(chan struct{})
	var mu sync.Mutex
	running := map[string]int{}
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		mu.Lock()
		running[e.Request.Caller]++
		running[e.Request.Image]++
		mu.Unlock()
		<-hold
		return passing(s)(ctx, e, last)
	}, JobsOptions{Workers: 8})
	ask := func(caller, id, image string) {
		t.Helper()
		e := of(caller, id)
		e.Request.Image = image
		if _, _, err := j.Submit(t.Context(), e, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		ask("greedy", fmt.Sprint("g", i), fmt.Sprint("image", i))
	}
	for i := range 6 { // many wait for one slow image
		ask(fmt.Sprint("c", i), fmt.Sprint("s", i), "slow")
	}
	ask("late", "l", "other")
	deadline := time.Now().Add(20 * time.Second)
	for {
		mu.Lock()
		late, greedy, slow := running["late"], running["greedy"], running["slow"]
		mu.Unlock()
		if late == 1 && greedy == 4 && slow == 2 {
			break
		}
		if greedy > 4 || slow > 2 || time.Now().After(deadline) {
			t.Fatalf("of eight places one caller has %d, one image %d, who came late %d", greedy, slow, late)
		}
		time.Sleep(10 * time.Millisecond)
	}
	close(hold)
	for _, id := range column(t, s, `SELECT id FROM evaluations`) {
		done(t, s, id)
	}
}
