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
	done, leave := s.Await(id)
	defer leave()
	e, err := s.Evaluation(ctx, id)
	if err != nil || e.State == gate.Done || d <= 0 {
		return e, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	// What another replica does may go unheard.
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		select {
		case <-done:
			return s.Evaluation(ctx, id)
		case <-timer.C:
			return s.Evaluation(ctx, id)
		case <-ctx.Done():
			return e, nil // whoever waited has gone
		case <-look.C:
			// A database that is away for a moment is no reason to give up.
			if now, err := s.Evaluation(ctx, id); err == nil {
				if e = now; e.State == gate.Done {
					return e, nil
				}
			}
		}
	}
}

// lookAgain is how often those who wait look for themselves.
const lookAgain = 5 * time.Second

// Await gives the channel that is closed when an evaluation or a rescan is done,
// and a function that drops it if nobody else needs it. Before its jobs run, a
// process does not hear what others do.
func (s *Store) Await(id string) (<-chan struct{}, func()) {
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
	delete(s.live.moved, id)
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
	s.live.moved[id] = s.live.shared
}

// heard keeps how far an evaluation has come that another replica runs.
func (s *Store) heard(id string, p gate.Progress) {
	s.live.Lock()
	defer s.live.Unlock()
	if !s.live.moved[id] {
		s.live.progress[id] = p
	}
}

// moved is the progress of evaluations of this process since the last time.
func (s *Store) moved() map[string]gate.Progress {
	s.live.Lock()
	defer s.live.Unlock()
	out := map[string]gate.Progress{}
	for id := range s.live.moved {
		out[id] = s.live.progress[id]
	}
	clear(s.live.moved)
	return out
}

// forgetProgress drops what was heard of evaluations, whose end may go unheard.
func (s *Store) forgetProgress() {
	s.live.Lock()
	defer s.live.Unlock()
	clear(s.live.progress)
}

func (s *Store) progress(id string) gate.Progress {
	s.live.Lock()
	defer s.live.Unlock()
	return s.live.progress[id]
}
