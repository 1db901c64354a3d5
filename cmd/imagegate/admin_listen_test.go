package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/server"
)

func TestAdminListensOnLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		options adminOptions
		opens   bool
		says    string
	}{
		{adminOptions{}, false, ""},
		{adminOptions{listen: "127.0.0.1:0"}, true, ""},
		{adminOptions{listen: "0.0.0.0:0"}, false, "--admin-allow-remote"},
		{adminOptions{listen: ":0"}, false, "--admin-allow-remote"},
		{adminOptions{listen: "0.0.0.0:0", remote: true}, true, ""},
		{adminOptions{listen: "nonsense", remote: true}, false, "--admin-listen"},
	} {
		l, err := test.options.open()
		if (l != nil) != test.opens || (err != nil) != (test.says != "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%+v: %v, %v", test.options, l, err)
		}
		if l != nil {
			_ = l.Close()
		}
	}
}

func TestAdminAnswersProfilesMetricsAndVars(t *testing.T) {
	l, err := (adminOptions{listen: "127.0.0.1:0"}).open()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveAdmin(ctx, l, adminHandler(server.NewMetrics(), time.Now())) }()
	get := func(path string) (int, string) {
		r, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
	for path, want := range map[string]string{
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile: total",
		"/debug/pprof/profile?seconds=1": "\x1f\x8b",
		"/metrics":                       "imagegate_verdicts_total{decision=\"pass\"} 0",
	} {
		if status, body := get(path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, %.200q", path, status, body)
		}
	}
	_, body := get("/debug/vars")
	var v processVars
	if err := json.Unmarshal([]byte(body), &v); err != nil || v.Version != version || v.PID == 0 || v.Goroutines == 0 || v.Heap == 0 {
		t.Errorf("%s %v", body, err)
	}
	for _, path := range []string{"/debug/pprof/cmdline", "/v1/evaluations/1", "/"} {
		if status, body := get(path); status != http.StatusNotFound {
			t.Errorf("%s: status %d, %.100q", path, status, body)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
