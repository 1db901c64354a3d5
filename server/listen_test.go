package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// deadline bounds what a test waits for.
const deadline = 20 * time.Second

// held is a gate whose Get says that it was entered, and then waits: for ctx
// if the caller waits for a verdict, else to be released.
type held struct {
	*memory
	entered, release chan struct{}
	strict           bool // an ended context is an error
}

func (h held) Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	switch {
	case wait > 0:
		h.entered <- struct{}{}
		<-ctx.Done()
		if h.strict {
			return gate.Evaluation{}, ctx.Err()
		}
	case h.release != nil:
		h.entered <- struct{}{}
		<-h.release
	}
	return h.memory.Get(ctx, id, wait)
}

type reply struct {
	status int
	body   string
	err    error
}

// serving starts a server over h, sends one GET, and returns when it is in
// hand.
func serving(t *testing.T, h held, path string) (s *Server, stop func(), answered <-chan reply, ended <-chan error) {
	t.Helper()
	s, h.memory = newServer(t, Options{})
	s.Evaluations = h
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	end, answer := make(chan error, 1), make(chan reply, 1)
	go func() { end <- s.Serve(ctx, l, deadline) }()
	go func() {
		r, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			answer <- reply{err: err}
			return
		}
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		answer <- reply{r.StatusCode, string(b), err}
	}()
	receive(t, h.entered, "the request to arrive")
	return s, stop, answer, end
}

func receive[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(deadline):
		t.Fatal("waited in vain for " + what)
	}
	return v
}

func TestServeFinishesRequestsInHand(t *testing.T) {
	release := make(chan struct{})
	s, stop, answered, ended := serving(t, held{entered: make(chan struct{}), release: release}, "/v1/evaluations/0190-2")
	stop()
	receive(t, s.draining, "the server to end")
	if w, _ := call(t, s, "GET", "/readyz", ""); w.Code != 503 {
		t.Errorf("while it ends, /readyz answers %d", w.Code)
	}
	close(release)
	if got := receive(t, answered, "the answer"); got.err != nil || got.status != 200 || !strings.Contains(got.body, `"kind":"Verdict"`) {
		t.Errorf("the request in hand got %+v", got)
	}
	if err := receive(t, ended, "Serve to return"); err != nil {
		t.Error(err)
	}
}

func TestServeTellsThoseWhoWaitHowFarItIs(t *testing.T) {
	for name, strict := range map[string]bool{"where an ended context is an answer": false, "where it is an error": true} {
		t.Run(name, func(t *testing.T) {
			_, stop, answered, ended := serving(t, held{entered: make(chan struct{}), strict: strict}, "/v1/evaluations/0190-1?wait=60")
			stop()
			if got := receive(t, answered, "the answer"); got.err != nil || got.status != 200 || !strings.Contains(got.body, `"state":"running"`) {
				t.Errorf("the poll in hand got %+v", got)
			}
			if err := receive(t, ended, "Serve to return"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryWaitOfAConnectionIsBounded(t *testing.T) {
	s, _ := newServer(t, Options{})
	h := s.bounded()
	for name, bound := range map[string]time.Duration{"headers": h.ReadHeaderTimeout, "request": h.ReadTimeout, "idle": h.IdleTimeout, "answer": h.WriteTimeout} {
		if bound <= 0 {
			t.Errorf("%s: no bound", name)
		}
	}
	wait := s.contract.document.Components.Parameters["Wait"].Value.Schema.Value
	if longest := time.Duration(*wait.Max) * time.Second; h.WriteTimeout <= longest {
		t.Errorf("a poll may take %s, and its answer is cut off after %s", longest, h.WriteTimeout)
	}
	if h.MaxHeaderBytes <= 0 || h.MaxHeaderBytes > 64<<10 {
		t.Errorf("headers may have %d bytes", h.MaxHeaderBytes)
	}
}
