package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/imagegate/imagegate/internal/gate"
)

// recorded is a tracer whose spans stay in memory.
func recorded(t *testing.T) (*Tracer, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	tracer, err := newTracer(sdk.NewSimpleSpanProcessor(spans), "v1")
	if err != nil {
		t.Fatal(err)
	}
	return tracer, spans
}

// tree writes spans as an indented tree, in the order they began.
func tree(spans tracetest.SpanStubs) string {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var b strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		for _, s := range spans {
			if s.Parent.SpanID().String() == parent {
				fmt.Fprintf(&b, "%s%s\n", indent, s.Name)
				write(s.SpanContext.SpanID().String(), indent+"  ")
			}
		}
	}
	write("0000000000000000", "")
	return b.String()
}

const digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// world is a gate's surroundings in memory: a registry behind a transport, a
// reader of layers that takes its time, and a store.
type world struct {
	transport http.RoundTripper
	slow      time.Duration
	verdicts  map[string]gate.Verdict
	standing  *gate.Standing
}

func (w *world) get(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://r.example"+path+"?token=hunter2", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer hunter2")
	response, err := w.transport.RoundTrip(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (w *world) Resolve(ctx context.Context, _ gate.Reference, _ []string) (*gate.Resolved, error) {
	if err := w.get(ctx, "/v2/app/manifests/1"); err != nil {
		return nil, err
	}
	return &gate.Resolved{Digest: digest, MediaType: "application/vnd.oci.image.manifest.v1+json", Images: []gate.Image{{
		Repository: "r.example/app", Digest: digest,
		Evidence: gate.ImageEvidence{Platform: "linux/amd64", Digest: digest,
			Manifest: gate.Manifest{Config: gate.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json"}, Layers: []gate.Descriptor{{Digest: "sha256:one", Size: 100}, {Digest: "sha256:two", Size: 200}}},
			Config:   gate.Config{DiffIDs: []string{"sha256:d1", "sha256:d2"}}},
	}}}, nil
}

func (w *world) Database(context.Context) (gate.Database, error) {
	return gate.Database{Version: 2, UpdatedAt: time.Now()}, nil
}

func (w *world) Analyze(_ context.Context, _ gate.Image, report gate.Report) (*gate.Analysis, error) {
	report(gate.Progress{Step: gate.StepAnalyze, Layer: 1, LayerBytes: 100, LayerTotal: 100}) // cached
	report(gate.Progress{Step: gate.StepAnalyze, Layer: 2, LayerBytes: 10, LayerTotal: 200})
	time.Sleep(w.slow)
	report(gate.Progress{Step: gate.StepAnalyze, Layer: 2, LayerBytes: 200, LayerTotal: 200})
	return &gate.Analysis{}, nil
}

func (w *world) Verdict(_ context.Context, id string) (*gate.Verdict, error) {
	if v, ok := w.verdicts[id]; ok {
		return &v, nil
	}
	return nil, nil
}

func (w *world) Record(_ context.Context, r gate.Recording) (gate.Verdict, error) {
	w.verdicts[r.Verdict.ID], w.standing = r.Verdict, r.Standing
	return r.Verdict, nil
}

func (w *world) Reusable(context.Context, string, time.Time) (*gate.Verdict, error) { return nil, nil }

func (w *world) Standing(context.Context, string, string, string) (*gate.Standing, error) {
	return w.standing, nil
}

func (w *world) Tag(context.Context, string, string) (string, error) { return "", nil }

func (w *world) RecordSignature(context.Context, string, gate.SignatureState) error { return nil }

// Sign implements gate.Signer.
func (w *world) Sign(ctx context.Context, _ gate.SignRequest) (string, error) {
	return "sig", w.get(ctx, "/v2/app/signature")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// rig is a gate over a world, followed by a tracer.
func rig(t *testing.T, tracer *Tracer, w *world) *gate.Service {
	t.Helper()
	w.verdicts = map[string]gate.Verdict{}
	if w.transport == nil {
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(""))}, nil
		})
	}
	w.transport = tracer.Registry(w.transport)
	return &gate.Service{
		Policies: passing{}, Resolver: w, Analyzer: tracer.Analyzer(w), Store: w, Signer: w,
		Now: time.Now, NewID: func() string { return "new" }, Trace: tracer.Step, Program: "test",
	}
}

// passing is the one policy, by which everything passes.
type passing struct{ gate.Policy }

func (p passing) Select(string, gate.Reference) (gate.Policy, error) { return p, nil }
func (passing) Names() []string                                      { return []string{"default"} }
func (passing) Ref() gate.PolicyRef                                  { return gate.PolicyRef{Name: "default", Digest: "sha256:p"} }
func (passing) Needs() gate.Needs                                    { return gate.Needs{} }
func (passing) Grace() gate.Grace                                    { return gate.Grace{} }
func (passing) BaseKeys(gate.Reference) []gate.NamedKey              { return nil }
func (passing) Reference(gate.Reference, time.Time) []gate.Violation { return nil }
func (passing) Decide(ev *gate.Evidence, now time.Time, _ bool) gate.Verdict {
	return gate.Verdict{Digest: ev.Digest, Decision: gate.Pass, DecidedAt: now, ExpiresAt: now.Add(time.Hour), Policy: gate.PolicyRef{Name: "default", Digest: "sha256:p"}}
}

func TestOneEvaluationIsATreeThatNamesWhereTimeWent(t *testing.T) {
	tracer, spans := recorded(t)
	const slow = 60 * time.Millisecond
	service := rig(t, tracer, &world{slow: slow})

	// The request is answered before the job runs.
	r := httptest.NewRequest(http.MethodPost, "/v1/evaluations?secret=hunter2", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r, answered := tracer.Request(r)
	tracer.Accepted(r.Context(), "1")
	answered("/v1/evaluations", http.StatusAccepted)

	v, err := service.Evaluate(tracer.Resumed(context.Background(), "1"), "1", gate.Request{Image: "r.example/app:1", Sign: true}, true, nil)
	if err != nil || v.Decision != gate.Pass {
		t.Fatalf("%+v, %v", v, err)
	}
	got := spans.GetSpans()
	for i := range got {
		if got[i].Name == "POST /v1/evaluations" {
			if got[i].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || got[i].Parent.SpanID().String() != "b7ad6b7169203331" {
				t.Errorf("the caller's trace is not taken up: %v", got[i].SpanContext)
			}
			got[i].Parent = got[i].Parent.WithSpanID([8]byte{})
		}
	}
	want := `POST /v1/evaluations
  evaluate
    resolve
      GET r.example
    look up
    analyze
      read image
        read layer
    decide
    record
    sign
      GET r.example
`
	if text := tree(got); text != want {
		t.Errorf("the tree is\n%s", text)
	}
	for _, s := range got {
		took := s.EndTime.Sub(s.StartTime)
		switch s.Name {
		case "read layer", "read image", "analyze", "evaluate":
			if took < slow {
				t.Errorf("%s took %s, of which a layer took %s", s.Name, took, slow)
			}
		case "resolve", "decide", "record", "sign":
			if took > slow {
				t.Errorf("%s took %s", s.Name, took)
			}
		}
		if text := fmt.Sprintf("%+v", s); strings.Contains(text, "hunter2") {
			t.Errorf("a secret is in %s", text)
		}
	}
}

func TestATraceIsPassedOnToRegistries(t *testing.T) {
	tracer, _ := recorded(t)
	var sent []string
	w := &world{transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.Header.Get("traceparent"))
		return nil, errors.New("no route to host")
	})}
	service := rig(t, tracer, w)
	ctx, end := tracer.Step(t.Context(), "evaluate")
	if _, err := service.Resolver.Resolve(ctx, gate.Reference{}, nil); err == nil {
		t.Fatal("resolved")
	}
	end(nil)
	if _, err := service.Resolver.Resolve(t.Context(), gate.Reference{}, nil); err == nil {
		t.Fatal("resolved")
	}
	if len(sent) != 2 || !strings.HasPrefix(sent[0], "00-") || sent[1] != "" {
		t.Errorf("sent %q", sent)
	}
}

func TestSpansTellTheCodeOfAnErrorAndNoText(t *testing.T) {
	tracer, spans := recorded(t)
	_, end := tracer.Step(t.Context(), "evaluate", "imagegate.image", strings.Repeat("x", 5000)+"\xff")
	end(gate.NewError(gate.CodeUnavailable, "hunter2", errors.New("hunter3")))
	_, end = tracer.Step(t.Context(), "resolve")
	end(nil)
	got := spans.GetSpans()
	if len(got) != 1 {
		t.Fatalf("%d spans: a step of no evaluation made one", len(got))
	}
	if got[0].Status.Description != "unavailable" || strings.Contains(fmt.Sprintf("%+v", got[0]), "hunter") {
		t.Errorf("%+v", got[0])
	}
	for _, a := range got[0].Attributes {
		if len(a.Value.AsString()) > maxValue {
			t.Errorf("%s has %d bytes", a.Key, len(a.Value.AsString()))
		}
	}
}

func TestProbesAreNotFollowed(t *testing.T) {
	tracer, spans := recorded(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/v1/policies"} {
		r, answered := tracer.Request(httptest.NewRequest(http.MethodGet, path, nil))
		answered(r.URL.Path, http.StatusOK)
	}
	if got := spans.GetSpans(); len(got) != 1 || got[0].Name != "GET /v1/policies" {
		t.Errorf("%d spans", len(got))
	}
}

func TestSamplingIsTheVariablesToSay(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	tracer, spans := recorded(t)
	_, end := tracer.Step(t.Context(), "evaluate")
	end(nil)
	if n := len(spans.GetSpans()); n != 0 {
		t.Errorf("%d spans", n)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	_, answered := tracer.Request(r)
	answered("", http.StatusOK)
	if n := len(spans.GetSpans()); n != 1 {
		t.Errorf("%d spans of a caller that samples", n)
	}
}

func TestTracesAreSentToACollector(t *testing.T) {
	got := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- fmt.Sprintf("%s %s %s %v", r.Method, r.URL.Path, r.Header.Get("Content-Type"), len(body) > 0)
	}))
	defer collector.Close()
	tracer, err := Open(t.Context(), collector.URL, "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, end := tracer.Step(t.Context(), "evaluate")
	end(nil)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if line := <-got; line != "POST /v1/traces application/x-protobuf true" {
		t.Errorf("the collector got %s", line)
	}
}

func TestACollectorThatIsNoURLIsRefused(t *testing.T) {
	for _, endpoint := range []string{"localhost:4318", "ftp://c", "http://", "http://user:hunter2@c", "http://c/?key=hunter2", "::"} {
		_, err := Open(t.Context(), endpoint, "v1", slog.New(slog.DiscardHandler))
		if gate.CodeOf(err) != gate.CodeInvalid || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestTracesAreWantedWhereSomebodyAsks(t *testing.T) {
	for _, test := range []struct {
		endpoint string
		env      map[string]string
		want     bool
	}{
		{"", nil, false},
		{"http://c:4318", nil, true},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, true},
		{"http://c:4318", map[string]string{"OTEL_SDK_DISABLED": "true"}, false},
		{"http://c:4318", map[string]string{"OTEL_TRACES_EXPORTER": "none"}, false},
	} {
		t.Run(fmt.Sprint(test.endpoint, test.env), func(t *testing.T) {
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			if got := Wanted(test.endpoint); got != test.want {
				t.Errorf("wanted: %v", got)
			}
		})
	}
}
