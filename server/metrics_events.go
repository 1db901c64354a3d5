package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Decided counts a verdict that was recorded.
func (m *Metrics) Decided(v gate.Verdict) {
	m.verdicts.WithLabelValues(string(v.Decision)).Inc()
	switch {
	case v.Decision == gate.Errored && v.Error != nil:
		m.errors.WithLabelValues(string(v.Error.Code)).Inc()
	case v.Decision == gate.Fail:
		counted := map[string]bool{}
		for _, violation := range v.Violations {
			id := m.state.check(violation.Check)
			if !counted[id] {
				counted[id] = true
				m.denials.WithLabelValues(id).Inc()
			}
		}
	}
}

// Signed counts an outcome of signing.
func (m *Metrics) Signed(s gate.SignatureState) { m.signatures.WithLabelValues(s.State).Inc() }

// Analyzed counts an analysis of an image with so many layers.
func (m *Metrics) Analyzed(layers int, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	} else {
		m.layers.Add(float64(layers))
	}
	m.analyses.WithLabelValues(outcome).Observe(took.Seconds())
}

// LayerRead counts a layer that the cache did not hold.
func (m *Metrics) LayerRead() { m.layersRead.Inc() }

// LayerShared counts a layer looked for among those replicas share, or stored
// there.
func (m *Metrics) LayerShared(outcome string) { m.shared.WithLabelValues(outcome).Inc() }

// WorkerStarted counts a worker process.
func (m *Metrics) WorkerStarted() { m.starts.Inc() }

// Registry counts each request that goes through the returned transport.
func (m *Metrics) Registry(next http.RoundTripper) http.RoundTripper { return counted{m, next} }

type counted struct {
	metrics *Metrics
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	code := "error"
	if err == nil {
		if code = strconv.Itoa(response.StatusCode); http.StatusText(response.StatusCode) == "" {
			code = other // a registry may make codes up
		}
	}
	c.metrics.wire.WithLabelValues(code).Inc()
	return response, err
}
