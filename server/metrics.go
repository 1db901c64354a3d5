package server

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/imagegate/imagegate/internal/gate"
)

// Metrics are what the gate counts, for Prometheus. Labels take few values:
// none holds a name that came with a request.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler
	state    *state

	requests *prometheus.HistogramVec
	reviews  *prometheus.CounterVec
	seconds  prometheus.Histogram
	glass    prometheus.Counter

	verdicts, errors, denials, signatures *prometheus.CounterVec

	analyses                   *prometheus.HistogramVec
	layers, layersRead, starts prometheus.Counter
	wire, shared               *prometheus.CounterVec
}

// NewMetrics makes a set of metrics of its own.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), state: newState(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imagegate_http_request_duration_seconds", Help: "Requests by route and status.", Buckets: []float64{.001, .005, .025, .1, .5, 2, 10, 60},
		}, []string{"route", "method", "status"}),
		reviews: counters("imagegate_admission_reviews_total", "Admission reviews by outcome (allowed, warned, denied, audited, broken-glass, error).", "path", "outcome"),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "imagegate_admission_duration_seconds", Help: "Time to answer an admission review.", Buckets: []float64{.0005, .001, .0025, .005, .01, .05, .25, 1, 5, 10},
		}),
		glass:      counter("imagegate_break_glass_total", "Objects admitted against the gate's word by the break-glass annotation."),
		verdicts:   counters("imagegate_verdicts_total", "Verdicts recorded, of evaluations and of rescans, by decision (pass, fail, error).", "decision"),
		errors:     counters("imagegate_verdict_errors_total", "Verdicts with decision error, by the error's code.", "code"),
		denials:    counters("imagegate_denials_total", "Verdicts with decision fail that a check condemned, by check; a verdict counts once for each check.", "check"),
		signatures: counters("imagegate_signatures_total", "Outcomes of signing, by state.", "state"),
		analyses: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imagegate_analysis_duration_seconds", Help: "Analyses of one platform's image, by outcome (ok, error).", Buckets: []float64{.05, .25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600},
		}, []string{"outcome"}),
		layers:     counter("imagegate_layers_total", "Layers of analyzed images."),
		layersRead: counter("imagegate_layers_read_total", "Layers that were read because the layer cache did not hold them."),
		starts:     counter("imagegate_worker_starts_total", "Worker processes started: beyond those a gate begins with, for one that died or a newer database."),
		wire:       counters("imagegate_registry_requests_total", "Requests the gate's own process sent to registries, by status code, or error where there was no answer; layers are read by workers.", "code"),
		shared:     counters("imagegate_shared_layers_total", "Layers looked for among those replicas share, or stored there, by outcome (hit, miss, rejected, failed, skipped, stored, too-large).", "outcome"),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "imagegate_build_info", Help: "Always 1; the labels say what runs."}, []string{"version", "goversion"})
	m.registry.MustRegister(m.requests, m.reviews, m.seconds, m.glass, m.verdicts, m.errors, m.denials, m.signatures, m.analyses, m.layers, m.layersRead, m.starts, m.wire, m.shared,
		build, m.state, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.state.build = build
	m.begin()
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// begin gives the series whose labels are known a first value, so that a rate
// over them sees the first event.
func (m *Metrics) begin() {
	for _, d := range []gate.Decision{gate.Pass, gate.Fail, gate.Errored} {
		m.verdicts.WithLabelValues(string(d))
	}
	for _, c := range []gate.Code{gate.CodeInvalid, gate.CodeUnauthorized, gate.CodeNotFound, gate.CodeConflict, gate.CodeUnavailable, gate.CodeLimit, gate.CodeBusy, gate.CodeInternal} {
		m.errors.WithLabelValues(string(c))
	}
	for _, outcome := range []string{"ok", "error"} {
		m.analyses.WithLabelValues(outcome)
	}
	for _, outcome := range []string{"hit", "miss", "rejected", "failed", "skipped", "stored", "too-large"} {
		m.shared.WithLabelValues(outcome)
	}
	m.wire.WithLabelValues("error")
}

// methods are those that count by their name.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// other is the label of what is not counted by its name.
const other = "other"

// request counts a request by its route, never by its path.
func (m *Metrics) request(c *gin.Context, took time.Duration) {
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	method := c.Request.Method
	if !slices.Contains(methods, method) {
		method = other // HTTP lets a caller make methods up
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
}

// reviewed counts a review. Glass is broken by the validating call only, which
// comes second for the same object.
func (m *Metrics) reviewed(path, outcome string, took time.Duration) {
	m.reviews.WithLabelValues(path, outcome).Inc()
	m.seconds.Observe(took.Seconds())
	if outcome == brokenGlass && path != "/mutate" {
		m.glass.Inc()
	}
}

// brokenGlass is the outcome that is counted by itself.
const brokenGlass = "broken-glass"

// GetMetrics is GET /metrics.
func (s *Server) GetMetrics(c *gin.Context) { s.Metrics.handler.ServeHTTP(c.Writer, c.Request) }

// ServeHTTP answers with the metrics, for a listener of the operator's.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }
