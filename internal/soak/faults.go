package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// fault is one thing that goes wrong, and is right again when make returns.
type fault struct {
	name string
	// lasts is about how long make takes: requests arrive before, while and
	// after.
	lasts time.Duration
	make  func(ctx context.Context) error
}

// errNotMade is a fault that this machine does not let us make.
var errNotMade = errors.New("not made")

// How an operator stops a replica: serve's --grace, and some.
const graceful = 60 * time.Second

// faults are all of them, in turn.
func (s *stage) faults() []fault {
	a, b := s.replicas[0], s.replicas[1]
	between := func(proxy string, d time.Duration, toxics ...toxic) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := s.proxies.poison(proxy, toxics...); err != nil {
				return err
			}
			pause(ctx, d)
			return s.proxies.heal(s.log)
		}
	}
	away := func(d time.Duration, all ...*process) func(context.Context) error {
		return func(ctx context.Context) error {
			var first error
			for _, p := range all {
				first = errors.Join(first, p.killAll())
			}
			pause(ctx, d)
			for _, p := range all {
				first = errors.Join(first, p.start())
			}
			return first
		}
	}
	nothing := func(context.Context) error { return nil }
	const second = time.Second
	return []fault{
		{"nothing, to compare with", 5 * second, nothing},
		{"kill -9 replica A, three times", 12 * second, s.crash(3, a)},
		{"kill -9 replica B, three times", 12 * second, s.crash(3, b)},
		{"kill -9 both replicas, twice", 8 * second, s.crash(2, a, b)},
		{"kill -9 a worker of each", 2 * second, s.killWorkers},
		{"rolling restart", 6 * second, s.rolling},
		{"kill -9 PostgreSQL for 3 s", 4 * second, away(3*second, s.postgres)},
		{"PostgreSQL cut ten times", 10 * second, s.cutPostgres},
		{"PostgreSQL 500 ms late for 10 s", 10 * second, between("postgres", 10*second, latency(500))},
		{"PostgreSQL silent for 8 s", 8 * second, between("postgres", 8*second, blackHole()...)},
		{"kill -9 Redis, empty after", second, away(second, s.redis)},
		{"Redis silent for 8 s", 8 * second, between("redis", 8*second, blackHole()...)},
		{"kill -9 registry for 10 s", 10 * second, away(10*second, s.registry)},
		{"registry late and slow for 10 s", 10 * second, between("registry", 10*second, latency(300), bandwidth(400))},
		{"registry resets within layers, 8 s", 8 * second, between("registry", 8*second, bandwidth(1000), reset(300, 0.5))},
		{"disk of replica B full for 10 s", 10 * second, s.fillDisk},
		{"replica A stalled for 40 s", 40 * second, s.stall(a, 40*second)},
		{"nothing, after it all", 2 * second, nothing},
	}
}

// crash kills replicas a few times, each time somewhere else in their work, and
// starts them again two seconds later. Their workers see the end of their
// parent.
func (s *stage) crash(times int, all ...*replica) func(context.Context) error {
	return func(ctx context.Context) error {
		for range times {
			pause(ctx, time.Second+rand.N(time.Second)) //nolint:gosec // no secret
			for _, r := range all {
				if err := r.kill(); err != nil {
					return err
				}
			}
			pause(ctx, 2*time.Second)
			for _, r := range all {
				if err := r.start(); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// killWorkers kills one worker process of each replica. One death costs an
// attempt; a second in a row would be an error of that evaluation, as it may
// be the image that kills.
func (s *stage) killWorkers(ctx context.Context) error {
	for _, r := range s.replicas {
		workers := children(r.pid())
		if len(workers) == 0 {
			return fmt.Errorf("%s has no worker", r.name)
		}
		if err := syscall.Kill(workers[rand.N(len(workers))], syscall.SIGKILL); err != nil { //nolint:gosec // no secret
			return err
		}
		pause(ctx, time.Second)
	}
	return nil
}

// rolling restarts one replica after the other, as a Deployment does.
func (s *stage) rolling(ctx context.Context) error {
	for _, r := range s.replicas {
		started := time.Now()
		if err := r.stop(graceful); err != nil {
			return err
		}
		s.log.say("%s ended within %s of SIGTERM", r.name, time.Since(started).Round(100*time.Millisecond))
		if err := r.start(); err != nil {
			return err
		}
		pause(ctx, time.Second)
	}
	return nil
}

// cutPostgres ends all connections again and again, with time between for
// statements that are carried out and whose answer is then lost.
func (s *stage) cutPostgres(ctx context.Context) error {
	for range 10 {
		if err := s.proxies.poison("postgres", reset(0, 1)); err != nil {
			return err
		}
		pause(ctx, 200*time.Millisecond)
		if err := s.proxies.heal(s.log); err != nil {
			return err
		}
		pause(ctx, 800*time.Millisecond)
	}
	return nil
}

// fillDisk leaves a replica no byte for what it keeps.
func (s *stage) fillDisk(ctx context.Context) error {
	if s.disk == "" {
		return fmt.Errorf("%w: it needs a small file system, which only root can mount", errNotMade)
	}
	name := filepath.Join(s.disk, "ballast")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = f.Write(block)
	}
	_ = f.Close()
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	pause(ctx, 10*time.Second)
	return os.Remove(name)
}

// stall stops a replica and lets it go on later, with everything it believed.
func (s *stage) stall(r *replica, d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := r.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		pause(ctx, d)
		return r.signal(syscall.SIGCONT)
	}
}
