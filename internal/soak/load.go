package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
)

// work is one way of asking, with the notes it fills.
type work struct {
	notes []*note
	do    func(ctx context.Context)
}

// storm is how many ask for one image at once.
const storm = 20

// Of every packageOf evaluations of a bulk caller, in images and evaluations.
const (
	packageOf     = 60
	packageImages = 37
)

// plan is n evaluations, or a few more, in the ways that callers ask. Each
// caller has its own repository, with an image for each package.
func (p *pipeline) plan(n int, images []*subject, r *rand.Rand) []*work {
	next := 0
	take := func() *subject { s := images[next%len(images)]; next++; return s }
	var all []*work
	add := func(do func(context.Context), notes ...*note) { all = append(all, &work{notes, do}) }
	ask := func(how string, s *subject) *note { return newNote(p.name, how, uuid.NewString(), s, 0) }
	single := func(how string, s *subject, image string) {
		n := ask(how, s)
		add(func(ctx context.Context) { p.one(ctx, n, image) }, n)
	}
	for range (n + packageOf - 1) / packageOf {
		s := take()
		var crowd []*note
		for range storm {
			crowd = append(crowd, ask("storm", s))
		}
		add(func(ctx context.Context) {
			var wg sync.WaitGroup
			for _, n := range crowd {
				wg.Go(func() { p.one(ctx, n, s.byTag(p.host)) })
			}
			wg.Wait()
		}, crowd...)
		for range 2 {
			id, some := uuid.NewString(), []*note{}
			for range 5 {
				n := ask("batch", take())
				n.key = id
				some = append(some, n)
			}
			add(func(ctx context.Context) { p.batch(ctx, some) }, some...)
		}
		for range 4 {
			s := take()
			tag, digest := ask("tag and digest", s), ask("tag and digest", s)
			add(func(ctx context.Context) {
				var both sync.WaitGroup
				both.Go(func() { p.one(ctx, tag, s.byTag(p.host)) })
				both.Go(func() { p.one(ctx, digest, s.byDigest(p.host)) })
				both.Wait()
			}, tag, digest)
		}
		for range 4 {
			n := ask("one key twice", take())
			add(func(ctx context.Context) { p.twice(ctx, n, n.subject.byTag(p.host)) }, n)
		}
		for range 3 {
			n := ask("cancelled", take())
			add(func(ctx context.Context) { p.cancel(ctx, n, n.subject.byTag(p.host)) }, n)
		}
		for i := range 15 {
			s := take()
			if i%3 == 0 {
				single("digest", s, s.byDigest(p.host))
			} else {
				single("tag", s, s.byTag(p.host))
			}
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// evaluations is how many a plan asks for.
func evaluations(all []*work) (n int) {
	for _, w := range all {
		n += len(w.notes)
	}
	return n
}

// portion takes the next n evaluations, or a few more, off a plan.
func portion(all *[]*work, n int) (out []*work) {
	for got := 0; got < n && len(*all) > 0; *all = (*all)[1:] {
		got += len((*all)[0].notes)
		out = append(out, (*all)[0])
	}
	return out
}

// trickle asks for one image at a time, whether the last is answered or not,
// until ctx ends; then it waits for its answers.
func (p *pipeline) trickle(ctx, until context.Context, every time.Duration, images []*subject, round func() int, keep func(*note)) {
	var all sync.WaitGroup
	defer all.Wait()
	for i := 0; ; i++ {
		if !pause(until, every) {
			return
		}
		s := images[i%len(images)]
		n := newNote(p.name, "single", uuid.NewString(), s, round())
		keep(n)
		all.Go(func() { p.one(ctx, n, s.byTag(p.host)) })
	}
}

// log is what the soak test says while it runs.
type log struct {
	mu    sync.Mutex // keeps lines whole
	start time.Time
}

func (l *log) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Printf("%6.1fs  %s\n", time.Since(l.start).Seconds(), fmt.Sprintf(format, args...))
}
