package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what the gate counts, for Prometheus. Labels take few values:
// none holds a name that came with a request.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler
	requests *prometheus.HistogramVec
	reviews  *prometheus.CounterVec
	seconds  prometheus.Histogram
	glass    prometheus.Counter
}

// NewMetrics makes a set of metrics of its own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imagegate_http_request_duration_seconds", Help: "Requests by route and status.", Buckets: []float64{.001, .005, .025, .1, .5, 2, 10, 60},
		}, []string{"route", "method", "status"}),
		reviews: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "imagegate_admission_reviews_total", Help: "Admission reviews by outcome (allowed, warned, denied, audited, broken-glass, error).",
		}, []string{"path", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "imagegate_admission_duration_seconds", Help: "Time to answer an admission review.", Buckets: []float64{.0005, .001, .0025, .005, .01, .05, .25, 1, 5, 10},
		}),
		glass: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "imagegate_break_glass_total", Help: "Objects admitted against the gate's word by the break-glass annotation.",
		}),
	}
	m.registry.MustRegister(m.requests, m.reviews, m.seconds, m.glass, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// request counts a request by its route, never by its path.
func (m *Metrics) request(c *gin.Context, took time.Duration) {
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, c.Request.Method, strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
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
