package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestAdminMetricsAndTracesOfAService evaluates an image and looks at what an
// operator sees of it.
func TestAdminMetricsAndTracesOfAService(t *testing.T) {
	var mu sync.Mutex
	var spans bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&spans, r.Body)
	}))
	defer collector.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := free.Addr().String()
	_ = free.Close()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100") // milliseconds
	dir, key := prepared(t)
	_, references := newHeld(t, 1)
	s := startService(t, dir, "--key", key, "--admin-listen", admin, "--otlp-endpoint", collector.URL, "--retention", "90d")
	v := s.verdict(t, s.ask(t, references[0]))
	get := func(url string) string {
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", url, r.Status, err)
		}
		return string(body)
	}
	for _, text := range []string{get(s.url + "/metrics"), get("http://" + admin + "/metrics")} {
		for _, series := range []string{
			`imagegate_verdicts_total{decision="` + string(v.Decision) + `"} 1`, `imagegate_signatures_total{state="signed"} 1`,
			`imagegate_analysis_duration_seconds_count{outcome="ok"} 1`, `imagegate_layers_total 1`, `imagegate_layers_read_total 1`, `imagegate_worker_starts_total 1`,
			`imagegate_evaluations{state="queued"} 0`, `imagegate_evaluations{state="running"} 0`,
			`imagegate_registry_requests_total{code="200"} `, `imagegate_vulnerability_database_age_seconds `, `imagegate_store_bytes `, `imagegate_build_info{`,
		} {
			if !strings.Contains(text, "\n"+series) {
				t.Errorf("no series %s", series)
			}
		}
	}
	if text := get("http://" + admin + "/debug/vars"); !strings.Contains(text, `"github.com/aquasecurity/trivy"`) {
		t.Errorf("/debug/vars names no modules: %.300s", text)
	}
	eventually(t, "the spans arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"POST /v1/evaluations", "evaluate", "resolve", "look up", "analyze", "read image", "decide", "record", "sign", v.Digest} {
			if !bytes.Contains(spans.Bytes(), []byte(name)) {
				return false
			}
		}
		return true
	})
	program, err := exec.LookPath("imagegate")
	if err != nil {
		t.Fatal(err)
	}
	// Its own exit status is of the machine's too.
	text, _ := exec.Command(program, "doctor", "--data", filepath.Join(dir, "data"), "--db", filepath.Join(dir, "db"), "--server", s.url, "--output", "json").Output()
	var found struct{ Checks []diagnosis }
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	seen := 0
	for _, d := range found.Checks {
		if d.Check == "server" || d.Check == "metrics" || d.Check == "token" || d.Check == "database" {
			seen++
			if d.State != healthy {
				t.Errorf("%+v", d)
			}
		}
	}
	if seen != 4 {
		t.Errorf("doctor looked at %s", text)
	}
	if out, err := exec.Command(program, "restore", "--force", "--data", filepath.Join(dir, "data"), filepath.Join(dir, "data", "imagegate.db")).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("serves from the database")) {
		t.Errorf("a restore below a running service: %s%v", out, err)
	}
}
