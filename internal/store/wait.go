package store

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Wait returns the evaluation when it is done, or as it stands after d. A
// negative or zero d does not wait.
func (s *Store) Wait(ctx context.Context, id string, d time.Duration) (gate.Evaluation, error) {
	// Waiting begins before looking, so that nothing happens in between.
	done, leave := s.await(id)
	defer leave()
	e, err := s.Evaluation(ctx, id)
	if err != nil || e.State == gate.Done || d <= 0 {
		return e, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
		return e, nil // whoever waited has gone
	}
	return s.Evaluation(ctx, id)
}

// await gives the channel that is closed when the evaluation is done, and a
// function that drops it if nobody else needs it.
func (s *Store) await(id string) (<-chan struct{}, func()) {
	s.live.Lock()
	defer s.live.Unlock()
	c := s.live.done[id]
	if c == nil {
		c = make(chan struct{})
		s.live.done[id] = c
	}
	s.live.waiting[id]++
	return c, func() {
		s.live.Lock()
		defer s.live.Unlock()
		if s.live.waiting[id]--; s.live.waiting[id] == 0 {
			delete(s.live.waiting, id)
			delete(s.live.done, id)
		}
	}
}

func (s *Store) wake(id string) {
	s.live.Lock()
	defer s.live.Unlock()
	delete(s.live.progress, id)
	if c := s.live.done[id]; c != nil {
		close(c)
		delete(s.live.done, id)
	}
}

// Report keeps how far an evaluation has come, in memory: after a restart it
// begins anew anyway.
func (s *Store) Report(id string, p gate.Progress) {
	s.live.Lock()
	defer s.live.Unlock()
	s.live.progress[id] = p
}

func (s *Store) progress(id string) gate.Progress {
	s.live.Lock()
	defer s.live.Unlock()
	return s.live.progress[id]
}
