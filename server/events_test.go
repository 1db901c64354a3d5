package server

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/imagegate/imagegate/internal/gate"
)

func init() {
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.FileBodyDecoder)
}

// moving is a gate whose evaluation "moving" goes on as the test says.
type moving struct {
	*memory
	mu      sync.Mutex
	now     gate.Evaluation
	changed chan struct{} // closed when now is done
}

func newMoving(t *testing.T, o Options) (*Server, *moving) {
	t.Helper()
	s, m := newServer(t, o)
	e := &moving{memory: m, now: gate.Evaluation{ID: "moving", State: gate.Queued}, changed: make(chan struct{})}
	s.Evaluations = e
	s.streams.pulse, s.streams.heartbeat = time.Millisecond, 10*time.Millisecond
	return s, e
}

func (m *moving) Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	if id != "moving" {
		return m.memory.Get(ctx, id, wait)
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-m.changed:
		case <-ctx.Done():
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now, nil
}

func (m *moving) progress(p gate.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.State, m.now.Progress = gate.Running, p
}

func (m *moving) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.State, m.now.Verdict = gate.Done, done().Verdict
	close(m.changed)
}

// listen opens a stream over a real connection and gives its events; the
// comments are events without a name.
func listen(t *testing.T, s *Server, path string) (<-chan sent, *http.Response) {
	t.Helper()
	h := httptest.NewUnstartedServer(s)
	h.Config = s.bounded()
	h.Start()
	t.Cleanup(h.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", "999\x80")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	out := make(chan sent, 10_000)
	go func() {
		defer close(out)
		var e sent
		for lines := bufio.NewReader(response.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			switch value = strings.TrimPrefix(value, " "); field {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data += value
			}
			if line == "\n" {
				out <- e
				e = sent{}
			}
		}
	}()
	return out, response
}

type sent struct{ id, name, data string }

// next is the next event that has a name.
func next(t *testing.T, events <-chan sent) sent {
	t.Helper()
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatal("the stream ended")
			}
			if e.name != "" {
				return e
			}
		case <-time.After(deadline):
			t.Fatal("waited in vain for an event")
		}
	}
}

func TestAStreamTellsProgressAndThenTheVerdict(t *testing.T) {
	s, m := newMoving(t, Options{})
	events, response := listen(t, s, "/v1/evaluations/moving/events")
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	for layer := 1; layer <= 2; layer++ {
		want := gate.Progress{Step: gate.StepAnalyze, Layer: layer, Layers: 2}
		m.progress(want)
		e := next(t, events)
		var got gate.Progress
		if err := json.Unmarshal([]byte(e.data), &got); err != nil || e.name != "progress" || got != want {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if e := receive(t, events, "a heartbeat"); e != (sent{}) {
		t.Errorf("while nothing happens, %+v is sent", e)
	}
	m.finish()
	e := next(t, events)
	var v gate.Verdict
	if err := json.Unmarshal([]byte(e.data), &v); err != nil || e.name != "verdict" || e.id != "3" || v.ID != "0190-2" || !strings.Contains(e.data, "CVE <b>") {
		t.Errorf("%+v, %v", e, err)
	}
	if e, open := <-events; open {
		t.Errorf("after the verdict comes %+v", e)
	}
}

func TestOneThatIsDoneSendsItsVerdictAtOnce(t *testing.T) {
	s, _ := newServer(t, Options{})
	w, _ := call(t, s, "GET", "/v1/evaluations/0190-2/events", "")
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), ":\n\nid: 1\nevent: verdict\ndata: {") || !strings.HasSuffix(w.Body.String(), "}\n\n") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestASlowReaderGetsTheNewestProgressOnly(t *testing.T) {
	s, m := newMoving(t, Options{})
	s.streams.pulse = 50 * time.Millisecond
	events, _ := listen(t, s, "/v1/evaluations/moving/events")
	for i := range 5000 {
		m.progress(gate.Progress{Step: gate.StepAnalyze, Bytes: int64(i + 1)})
	}
	told, last := 0, sent{}
	for !strings.Contains(last.data, `"bytes":5000`) {
		last = next(t, events)
		told++
	}
	if told > 1000 {
		t.Errorf("%d of 5000 reports were sent", told)
	}
	m.finish()
	if e := next(t, events); e.name != "verdict" {
		t.Errorf("%+v", e)
	}
}

func TestMoreStreamsThanAllowedAreRefusedUntilOneEnds(t *testing.T) {
	s, m := newMoving(t, Options{MaxStreams: 1})
	events, _ := listen(t, s, "/v1/evaluations/moving/events")
	receive(t, events, "the stream to open")
	w, d := call(t, s, "GET", "/v1/evaluations/moving/events", "")
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || d["retryable"] != true {
		t.Errorf("%d %v %v", w.Code, w.Header(), d)
	}
	m.finish()
	if e := next(t, events); e.name != "verdict" {
		t.Errorf("%+v", e)
	}
	for until := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		if w, _ := call(t, s, "GET", "/v1/evaluations/0190-2/events", ""); w.Code == 200 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the seat is not given back")
		}
	}
	if s, _ := newServer(t, Options{}); cap(s.streams.seats) != 512 {
		t.Errorf("by default %d streams", cap(s.streams.seats))
	}
}

func TestAStreamEndsWithTheServer(t *testing.T) {
	s, _ := newMoving(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, deadline) }()
	response, err := http.Get("http://" + l.Addr().String() + "/v1/evaluations/moving/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	stop()
	if err := receive(t, ended, "Serve to return"); err != nil {
		t.Error(err)
	}
	if len(s.streams.seats) != 0 {
		t.Errorf("%d streams are open after the end", len(s.streams.seats))
	}
}

func TestAStreamOutlivesTheBoundOfAnswersAndAReaderWhoStopsDoesNot(t *testing.T) {
	s, m := newMoving(t, Options{})
	h := httptest.NewUnstartedServer(s)
	h.Config = s.bounded()
	h.Config.WriteTimeout, h.Config.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond
	h.Start()
	defer h.Close()
	response, err := http.Get(h.URL + "/v1/evaluations/moving/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	time.AfterFunc(200*time.Millisecond, m.finish)
	text := new(strings.Builder)
	if _, err := bufio.NewReader(response.Body).WriteTo(text); err != nil || !strings.Contains(text.String(), "event: verdict") {
		t.Errorf("after the bound: %v, %.200s", err, text)
	}
	stuck, m := newMoving(t, Options{})
	stuck.streams.write = 50 * time.Millisecond
	full := httptest.NewServer(stuck)
	defer full.Close()
	connection, err := net.Dial("tcp", full.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := connection.Write([]byte("GET /v1/evaluations/moving/events HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	for i, until := 0, time.Now().Add(deadline); ; i++ { // nobody reads
		m.progress(gate.Progress{Step: gate.Step(strings.Repeat("x", 1<<18)), Layer: i})
		time.Sleep(time.Millisecond)
		if i > 100 && len(stuck.streams.seats) == 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("a reader who stopped holds its stream")
		}
	}
}
