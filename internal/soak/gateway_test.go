package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARequestGoesToTheOtherReplicaUnderItsKey(t *testing.T) {
	var seen []string
	replica := func(name string, status int) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			seen = append(seen, name+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
		}))
		t.Cleanup(s.Close)
		return s
	}
	a, b := replica("a", http.StatusServiceUnavailable), replica("b", http.StatusAccepted)
	g := &gateway{addresses: []string{strings.TrimPrefix(b.URL, "http://"), strings.TrimPrefix(a.URL, "http://")}, http: http.DefaultClient, tally: &tally{again: map[int]int{}}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://gate.invalid/v1/evaluations", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", "k")
	resp, err := g.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if want := []string{"a k {}", "b k {}"}; resp.StatusCode != http.StatusAccepted || !slices.Equal(seen, want) {
		t.Errorf("status %d, the replicas saw %q, expected %q", resp.StatusCode, seen, want)
	}
	if g.tally.of(http.StatusServiceUnavailable) != 1 || g.tally.all() != 1 {
		t.Errorf("the tally is %v, expected one 503", g.tally.again)
	}
}

func TestACallerGivesUpWhereGatectlDoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		kind   string
		again  bool
	}{
		{"a replica that is too busy", http.StatusTooManyRequests, "application/problem+json", true},
		{"a replica whose database is away", http.StatusServiceUnavailable, "application/problem+json", true},
		{"a proxy that finds no replica", http.StatusBadGateway, "text/html", true},
		{"a registry that refuses the gate", http.StatusBadGateway, "application/problem+json", false},
		{"a defect of the gate", http.StatusInternalServerError, "application/problem+json", false},
		{"a key that is another request's", http.StatusConflict, "application/problem+json", false},
	} {
		if got := mayPass(&http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}}); got != c.again {
			t.Errorf("%s: asked again is %v, expected %v", c.name, got, c.again)
		}
	}
}

func TestAGateThatSaysWhenToComeBackIsBelieved(t *testing.T) {
	r := &http.Response{Header: http.Header{"Retry-After": {"4"}}}
	if d := backoff(0, r); d < 4*time.Second || d > 5*time.Second {
		t.Errorf("the wait is %s, expected four seconds and some jitter", d)
	}
	if d := backoff(40, nil); d < lastWait/2 || d > lastWait {
		t.Errorf("the wait is %s, expected at most %s", d, lastWait)
	}
}

func TestARequestThatIsNeverAnsweredSaysSo(t *testing.T) {
	g := &gateway{addresses: []string{"127.0.0.1:1"}, http: http.DefaultClient, tally: &tally{again: map[int]int{}}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gate.invalid/v1/evaluations/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := g.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("there is an answer where nobody listens")
	}
	if !strings.Contains(err.Error(), "/v1/evaluations/1: not answered in time") {
		t.Errorf("the error is %q", err)
	}
}
