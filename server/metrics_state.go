package server

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Watched is what the gate is asked for when its metrics are read. What is nil
// is left out, and so is what cannot be told.
type Watched struct {
	Version string
	// Checks are the ids denials are counted by; of others there is one series.
	Checks []string
	// Queue is how many evaluations wait and run, and how long the oldest of
	// them has waited.
	Queue func(context.Context) (queued, running int, oldest time.Duration, err error)
	// Advisories is when the vulnerability database in force was made.
	Advisories func() (time.Time, error)
	// Exploits is when the list of exploited vulnerabilities was released;
	// zero where it does not say.
	Exploits func() time.Time
	// Stored is the size of the gate's own database in bytes.
	Stored func(ctx context.Context) (int64, error)
	Now    func() time.Time
}

// Watch says what to ask, once, before the metrics are read.
func (m *Metrics) Watch(w Watched) {
	if w.Now == nil {
		w.Now = time.Now
	}
	m.state.build.WithLabelValues(w.Version, runtime.Version()).Set(1)
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	m.state.watched = w
	m.state.checks = map[string]bool{}
	for _, id := range w.Checks {
		m.state.checks[id] = true
	}
}

// state collects what is asked for rather than counted.
type state struct {
	evaluations, oldest, advisories, exploits, stored *prometheus.Desc
	build                                             *prometheus.GaugeVec

	mu      sync.RWMutex // guards what follows
	watched Watched
	checks  map[string]bool
}

func newState() *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &state{
		evaluations: desc("imagegate_evaluations", "Evaluations that were accepted and are not done, by state (queued, running).", "state"),
		oldest:      desc("imagegate_evaluation_oldest_seconds", "How long the oldest evaluation that is not done has waited; 0 when there is none."),
		advisories:  desc("imagegate_vulnerability_database_age_seconds", "Age of the vulnerability database in force."),
		exploits:    desc("imagegate_exploits_age_seconds", "Age of the list of exploited vulnerabilities in force, where there is one that says when it was released."),
		stored:      desc("imagegate_store_bytes", "Size of the gate's own database."),
	}
}

// check is the label of a check.
func (s *state) check(id string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.checks[id] {
		return id
	}
	return other
}

// Describe implements prometheus.Collector.
func (s *state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.evaluations, s.oldest, s.advisories, s.exploits, s.stored} {
		out <- d
	}
}

// askTime bounds what reading the metrics may ask of the database.
const askTime = 3 * time.Second

// Collect implements prometheus.Collector.
func (s *state) Collect(out chan<- prometheus.Metric) {
	s.mu.RLock()
	w := s.watched
	s.mu.RUnlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if w.Queue != nil {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		if queued, running, oldest, err := w.Queue(ctx); err == nil {
			gauge(s.evaluations, float64(queued), "queued")
			gauge(s.evaluations, float64(running), "running")
			gauge(s.oldest, oldest.Seconds())
		}
	}
	if w.Advisories != nil {
		if made, err := w.Advisories(); err == nil && !made.IsZero() {
			gauge(s.advisories, w.Now().Sub(made).Seconds())
		}
	}
	if w.Exploits != nil {
		if released := w.Exploits(); !released.IsZero() {
			gauge(s.exploits, w.Now().Sub(released).Seconds())
		}
	}
	if w.Stored != nil {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		if n, err := w.Stored(ctx); err == nil {
			gauge(s.stored, float64(n))
		}
	}
}

// described is how a description shows its name and labels, which it tells to
// nobody but its own String.
var described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// Labels are the metrics there can be with the names of their labels, for those
// who write dashboards and alerts. A histogram's series have the suffixes
// _bucket, _sum and _count.
func (m *Metrics) Labels() map[string][]string {
	descriptions := make(chan *prometheus.Desc)
	go func() { m.registry.Describe(descriptions); close(descriptions) }()
	out := map[string][]string{}
	for d := range descriptions {
		if found := described.FindStringSubmatch(d.String()); found != nil {
			out[found[1]] = strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return out
}
