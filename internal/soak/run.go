package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// Each round releases its portion of the load from before its fault to after
// it. The next begins when the fault is over and nine in ten are answered, or
// after tooLong.
const (
	before    = time.Second
	after     = time.Second
	tooLong   = 90 * time.Second
	drainTime = 3 * time.Minute
)

// soak is one run.
type soak struct {
	stage
	bulk     []*pipeline
	single   *pipeline
	rounds   []*round
	memory   memory
	singles  []*note
	mu       sync.Mutex // guards singles
	now      atomic.Int64
	attempts []*tally
	images   map[string][]*subject // by repository
}

// round is one fault and what was asked while it lasted.
type round struct {
	fault
	notes []*note
	// singles were asked by the caller who asks for one at a time.
	singles []*note
	// again are attempts that callers had to make again.
	again   int
	notMade error
}

func run(ctx context.Context, o options) error {
	s := &soak{stage: stage{options: o, log: &log{start: time.Now()}}, images: map[string][]*subject{}}
	var err error
	if s.dir, err = os.MkdirTemp("", "imagegate-soak-"); err != nil {
		return err
	}
	wrong, err := s.run(ctx)
	s.end()
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d counts are wrong", wrong)
	}
	if err != nil || o.keep {
		fmt.Printf("\nthe logs and data of all processes are in %s\n", s.dir)
		return err
	}
	return os.RemoveAll(s.dir)
}

// run gives how many counts are wrong.
func (s *soak) run(ctx context.Context) (int, error) {
	only, err := regexp.Compile(s.only)
	if err != nil {
		return 0, err
	}
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	for _, f := range s.faults() {
		if only.MatchString(f.name) {
			s.rounds = append(s.rounds, &round{fault: f})
		}
	}
	plans, err := s.prepare(ctx)
	if err != nil {
		return 0, err
	}
	watching, seen := context.WithCancel(ctx)
	defer seen()
	go s.memory.watch(watching, s.replicas) // ends with watching
	if err := s.play(ctx, plans); err != nil {
		return 0, err
	}
	return s.count(ctx)
}

// prepare pushes the images and plans the load.
func (s *soak) prepare(ctx context.Context) ([][]*work, error) {
	b, err := newBases()
	if err != nil {
		return nil, err
	}
	started, pushed := time.Now(), 0
	each := (s.evaluations + 1) / 2
	var plans [][]*work
	for i, c := range callers {
		t := &tally{again: map[int]int{}}
		asks, err := s.newGateway(c, t)
		if err != nil {
			return nil, err
		}
		s.attempts = append(s.attempts, t)
		p := &pipeline{name: c.name, host: s.host, gate: asks, log: s.log}
		repository := c.name + "/app"
		n := 200
		if i < 2 {
			n = (each + packageOf - 1) / packageOf * packageImages
		}
		images, err := s.push(ctx, b, repository, n)
		if err != nil {
			return nil, err
		}
		s.images[repository], pushed = images, pushed+n
		if i == 2 {
			s.single = p
			break
		}
		s.bulk = append(s.bulk, p)
		plans = append(plans, p.plan(each, images, newRandom(uint64(i))))
	}
	s.log.say("%d images pushed in %s; %d evaluations planned", pushed, time.Since(started).Round(time.Second), evaluations(plans[0])+evaluations(plans[1]))
	return plans, nil
}

// newRandom shuffles the same way each time.
func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) } //nolint:gosec // no secret

// play goes through the rounds and waits for the last answer.
func (s *soak) play(ctx context.Context, plans [][]*work) error {
	var all sync.WaitGroup
	until, enough := context.WithCancel(ctx)
	defer enough()
	all.Go(func() {
		s.single.trickle(ctx, until, 1200*time.Millisecond, s.images[s.single.name+"/app"], func() int { return int(s.now.Load()) }, func(n *note) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.singles = append(s.singles, n)
		})
	})
	left := len(s.rounds)
	for i, r := range s.rounds {
		s.now.Store(int64(i))
		again := s.again()
		var answered atomic.Int64
		for p := range plans {
			share := (evaluations(plans[p]) + left - 1) / left
			for _, w := range portion(&plans[p], share) {
				r.notes = append(r.notes, w.notes...)
				delay := rand.N(before + r.lasts + after) //nolint:gosec // no secret
				all.Go(func() {
					pause(ctx, delay)
					for _, n := range w.notes {
						n.round, n.asked = i, time.Now()
					}
					w.do(ctx)
					answered.Add(int64(len(w.notes)))
				})
			}
		}
		left--
		pause(ctx, before)
		s.log.say("%s (%d evaluations)", r.name, len(r.notes))
		if err := r.make(ctx); errors.Is(err, errNotMade) {
			r.notMade = err
			s.log.say("%v", err)
		} else if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		s.log.say("  over; %d of %d answered", answered.Load(), len(r.notes))
		for deadline := time.Now().Add(tooLong); answered.Load()*10 < int64(len(r.notes))*9 && time.Now().Before(deadline) && ctx.Err() == nil; {
			pause(ctx, 100*time.Millisecond)
		}
		r.again = s.again() - again
		s.log.say("  %d of %d answered", answered.Load(), len(r.notes))
	}
	enough()
	all.Wait()
	s.log.say("everybody has an answer")
	return ctx.Err()
}

func (s *soak) again() (n int) {
	for _, t := range s.attempts {
		n += t.all()
	}
	return n
}

// everything asked for, single requests too.
func (s *soak) notes() (out []*note) {
	for _, r := range s.rounds {
		out = append(out, r.notes...)
	}
	return append(out, s.singles...)
}
