package gate

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
)

// SharedAnalyzer lets those who want the same image analyzed at the same time
// have one analysis made. It is safe for concurrent use.
type SharedAnalyzer struct {
	analyzer Analyzer
	log      *slog.Logger

	mu      sync.Mutex
	flights map[string]*flight
	held    map[string][]string // keys of flights by evaluation
}

// flight is the analysis of one image under one database. SharedAnalyzer.mu
// guards it. It is forgotten with its last user.
type flight struct {
	users int
	run   *run // nil before the first, and after one that failed
}

// run is one call of the analyzer. SharedAnalyzer.mu guards what changes.
type run struct {
	cancel  context.CancelFunc
	ended   chan struct{} // closed when analysis and err stand
	waiting map[int]Report
	next    int
	last    Progress

	analysis *Analysis
	err      error
}

// Share makes an analyzer that shares. log may be nil.
func Share(a Analyzer, log *slog.Logger) *SharedAnalyzer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &SharedAnalyzer{analyzer: a, log: log, flights: map[string]*flight{}, held: map[string][]string{}}
}

// Database implements Analyzer.
func (s *SharedAnalyzer) Database(ctx context.Context) (Database, error) {
	return s.analyzer.Database(ctx)
}

// Analyze implements Analyzer. When ctx ends, the analysis goes on for those
// who still wait for it, and is ended where nobody does. The result is the
// caller's own but for what no step changes.
func (s *SharedAnalyzer) Analyze(ctx context.Context, img Image, report Report) (*Analysis, error) {
	if img.Repository == "" {
		// A file of this machine, which its evaluation closes.
		return s.analyzer.Analyze(ctx, img, report)
	}
	key := s.key(ctx, img)
	r, seat := s.join(ctx, key, img, report)
	defer s.leave(key, r, seat)
	select {
	case <-r.ended:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.err != nil {
		return nil, r.err
	}
	own := *r.analysis
	own.Scan.Vulnerabilities = slices.Clone(own.Scan.Vulnerabilities) // Exploited marks them
	return &own, nil
}

// key names what an analysis depends on. The repository is part of it: layers
// that one lacks another may have.
func (s *SharedAnalyzer) key(ctx context.Context, img Image) string {
	database, err := s.analyzer.Database(ctx)
	if err != nil {
		return img.Repository + "@" + img.Digest
	}
	return img.Repository + "@" + img.Digest + " " + database.ID()
}

// hold keeps the analyses of images, from now on, until the evaluation releases
// them. Who holds before asking the store for a verdict, and until its own is
// stored, gets the one or the other from those who ask at the same time.
func (s *SharedAnalyzer) hold(ctx context.Context, evaluation string, images []Image) {
	for _, img := range images {
		key := s.key(ctx, img)
		s.mu.Lock()
		s.use(key)
		s.held[evaluation] = append(s.held[evaluation], key)
		s.mu.Unlock()
	}
}

func (s *SharedAnalyzer) release(evaluation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.held[evaluation] {
		s.drop(key)
	}
	delete(s.held, evaluation)
}

// use and drop count the users of a flight. The lock is the caller's.
func (s *SharedAnalyzer) use(key string) *flight {
	f := s.flights[key]
	if f == nil {
		f = &flight{}
		s.flights[key] = f
	}
	f.users++
	return f
}

func (s *SharedAnalyzer) drop(key string) {
	if f := s.flights[key]; f != nil {
		if f.users--; f.users == 0 {
			delete(s.flights, key)
		}
	}
}

// join takes a seat in the run of a flight, and begins one where there is none.
func (s *SharedAnalyzer) join(ctx context.Context, key string, img Image, report Report) (*run, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.use(key)
	if f.run == nil {
		// No caller's end is the run's: it ends with the last who waits.
		running, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f.run = &run{cancel: cancel, ended: make(chan struct{}), waiting: map[int]Report{}}
		go s.fly(running, f, f.run, img)
	}
	r := f.run
	r.next++
	r.waiting[r.next] = report
	if r.last != (Progress{}) {
		report(r.last)
	}
	return r, r.next
}

// leave gives the seat back. The last to leave a run that has not ended ends it
// and sees it end, so that no analysis outlives those who wanted it.
func (s *SharedAnalyzer) leave(key string, r *run, seat int) {
	s.mu.Lock()
	delete(r.waiting, seat)
	abandoned := len(r.waiting) == 0 && !r.over()
	if f := s.flights[key]; abandoned && f != nil && f.run == r {
		f.run = nil
	}
	s.drop(key)
	s.mu.Unlock()
	if abandoned {
		r.cancel()
		<-r.ended
	}
}

func (r *run) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// fly makes the analysis and tells all who wait how far it is.
func (s *SharedAnalyzer) fly(ctx context.Context, f *flight, r *run, img Image) {
	defer r.cancel()
	analysis, err := s.guarded(ctx, img, func(p Progress) {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.last = p
		for _, report := range r.waiting {
			report(p)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.analysis, r.err = analysis, err; err != nil && f.run == r {
		f.run = nil // whoever asks next may have more luck
	}
	close(r.ended)
}

// guarded makes a panic an error: nobody above would catch it.
func (s *SharedAnalyzer) guarded(ctx context.Context, img Image, report Report) (a *Analysis, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic", "image", img.Repository+"@"+img.Digest, "value", p, "stack", string(debug.Stack()))
			err = NewError(CodeInternal, fmt.Sprintf("analyzing %s@%s met a defect of the gate", img.Repository, img.Digest), fmt.Errorf("panic: %v", p))
		}
	}()
	return s.analyzer.Analyze(ctx, img, report)
}
