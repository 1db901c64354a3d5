package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// scrape is what Prometheus reads, without the help texts.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func expectSeries(t *testing.T, text string, series ...string) {
	t.Helper()
	for _, line := range series {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			var near []string
			for l := range strings.Lines(text) {
				if strings.HasPrefix(l, name) {
					near = append(near, l)
				}
			}
			t.Errorf("no series %s; there are\n%s", line, strings.Join(near, ""))
		}
	}
}

func TestMetricsCountWhatHappens(t *testing.T) {
	m := NewMetrics()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m.Watch(Watched{
		Version: "v9", Checks: []string{"USER-01", "CEL"}, Now: func() time.Time { return now },
		Queue: func(context.Context) (int, int, time.Duration, error) {
			return 3, 2, 90 * time.Second, nil
		},
		Advisories: func() (time.Time, error) { return now.Add(-2 * time.Hour), nil },
		Exploits:   func() time.Time { return now.Add(-time.Hour) },
		Stored:     func(context.Context) (int64, error) { return 4096, nil },
	})
	m.Decided(gate.Verdict{Decision: gate.Pass})
	m.Decided(gate.Verdict{Decision: gate.Fail, Violations: []gate.Violation{{Check: "USER-01"}, {Check: "USER-01"}, {Check: "made up"}, {Check: "so is this"}}})
	m.Decided(gate.Verdict{Decision: gate.Errored, Error: &gate.Failure{Code: gate.CodeUnavailable}})
	m.Signed(gate.SignatureState{State: gate.Signed})
	m.Analyzed(5, 3*time.Second, nil)
	m.Analyzed(9, time.Second, errors.New("away"))
	m.LayerRead()
	m.LayerShared("hit")
	m.WorkerStarted()
	expectSeries(t, scrape(t, m),
		`imagegate_verdicts_total{decision="pass"} 1`, `imagegate_verdicts_total{decision="fail"} 1`, `imagegate_verdicts_total{decision="error"} 1`,
		`imagegate_verdict_errors_total{code="unavailable"} 1`, `imagegate_verdict_errors_total{code="limit"} 0`,
		`imagegate_shared_layers_total{outcome="hit"} 1`, `imagegate_shared_layers_total{outcome="rejected"} 0`,
		`imagegate_denials_total{check="USER-01"} 1`, `imagegate_denials_total{check="other"} 1`,
		`imagegate_signatures_total{state="signed"} 1`,
		`imagegate_analysis_duration_seconds_count{outcome="ok"} 1`, `imagegate_analysis_duration_seconds_count{outcome="error"} 1`,
		`imagegate_layers_total 5`, `imagegate_layers_read_total 1`, `imagegate_worker_starts_total 1`,
		`imagegate_evaluations{state="queued"} 3`, `imagegate_evaluations{state="running"} 2`, `imagegate_evaluation_oldest_seconds 90`,
		`imagegate_vulnerability_database_age_seconds 7200`, `imagegate_exploits_age_seconds 3600`, `imagegate_store_bytes 4096`,
	)
	if text := scrape(t, m); !strings.Contains(text, `imagegate_build_info{goversion="go`) || !strings.Contains(text, `version="v9"} 1`) || !strings.Contains(text, "process_resident_memory_bytes ") {
		t.Error("build or process are missing")
	}
}

func TestMetricsLeaveOutWhatCannotBeTold(t *testing.T) {
	m := NewMetrics()
	m.Watch(Watched{
		Queue: func(context.Context) (int, int, time.Duration, error) {
			return 0, 0, 0, errors.New("away")
		},
		Advisories: func() (time.Time, error) { return time.Time{}, errors.New("none") },
		Exploits:   func() time.Time { return time.Time{} },
		Stored:     func(context.Context) (int64, error) { return 0, errors.New("gone") },
	})
	text := scrape(t, m)
	for _, name := range []string{"imagegate_evaluations{", "imagegate_vulnerability_database_age", "imagegate_exploits_age", "imagegate_store_bytes"} {
		if strings.Contains(text, name) {
			t.Errorf("%s has a value", name)
		}
	}
}

func TestMetricLabelsAreNotTheCallers(t *testing.T) {
	s, _ := newServer(t, Options{})
	for _, method := range []string{"AAAA", "BBBB", http.MethodGet} {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/no/such/"+method, nil))
	}
	text := scrape(t, s.Metrics)
	if strings.Contains(text, "AAAA") || strings.Contains(text, "such") {
		t.Error("a caller chose a label")
	}
	if !strings.Contains(text, `method="other"`) {
		t.Errorf("unknown methods are not counted")
	}
}

func TestRegistryRequestsCountByCode(t *testing.T) {
	m := NewMetrics()
	answers := map[string]int{"/ok": 200, "/gone": 404, "/odd": 777}
	transport := m.Registry(answering(func(r *http.Request) (*http.Response, error) {
		code, ok := answers[r.URL.Path]
		if !ok {
			return nil, errors.New("no route to host")
		}
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(""))}, nil
	}))
	for _, path := range []string{"/ok", "/ok", "/gone", "/odd", "/away"} {
		r, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, path, nil))
		if err == nil {
			_ = r.Body.Close()
		}
	}
	expectSeries(t, scrape(t, m),
		`imagegate_registry_requests_total{code="200"} 2`, `imagegate_registry_requests_total{code="404"} 1`,
		`imagegate_registry_requests_total{code="other"} 1`, `imagegate_registry_requests_total{code="error"} 1`)
}

// answering is a transport of one function.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestLabelsNameEveryMetric(t *testing.T) {
	m := NewMetrics()
	labels := m.Labels()
	for line := range strings.Lines(scrape(t, m)) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ = strings.Cut(name, " ")
			if _, known := labels[name]; !known {
				t.Errorf("%s is missing", name)
			}
		}
	}
	for name, want := range map[string][]string{
		"imagegate_http_request_duration_seconds": {"route", "method", "status"},
		"imagegate_evaluations":                   {"state"},
		"imagegate_denials_total":                 {"check"},
		"imagegate_store_bytes":                   {},
		"process_open_fds":                        {},
	} {
		if got, known := labels[name]; !known || !slices.Equal(got, want) {
			t.Errorf("%s has the labels %v, want %v", name, got, want)
		}
	}
}
