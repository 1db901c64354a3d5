// Package trace sends what the gate does, and where the time goes, to an
// OpenTelemetry collector: one span for each request, evaluation and step, for
// each layer, and for each request to a registry. It is the only importer of
// OpenTelemetry's SDK.
//
// Spans hold names of images, digests and registries. They hold no header, no
// body, no query, and no text of an error: those may hold secrets, or what an
// image's author wrote.
package trace

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/golang-lru/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"github.com/imagegate/imagegate/internal/gate"
)

// Tracer makes spans. It is safe for concurrent use.
type Tracer struct {
	provider   *sdk.TracerProvider
	tracer     api.Tracer
	propagator propagation.TraceContext
	// asked are the requests that accepted evaluations came with, until those
	// run; a restart forgets them.
	asked *lru.Cache[string, api.SpanContext]
}

// maxAsked bounds the evaluations whose request is remembered.
const maxAsked = 10_000

// Wanted reports whether anybody asks for traces: an endpoint, or one of
// OpenTelemetry's own variables.
func Wanted(endpoint string) bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Open makes a Tracer that sends to a collector by OTLP over HTTP. An empty
// endpoint leaves that to OTEL_EXPORTER_OTLP_ENDPOINT; how many are sampled is
// OTEL_TRACES_SAMPLER's to say, and headers OTEL_EXPORTER_OTLP_HEADERS'. The
// error is CodeInvalid and names the endpoint.
func Open(ctx context.Context, endpoint, version string, log *slog.Logger) (*Tracer, error) {
	var options []otlptracehttp.Option
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the collector %.200q cannot be used: expected a URL such as http://127.0.0.1:4318", redacted(u)), nil)
		}
		if strings.Trim(u.Path, "/") == "" {
			u.Path = "/v1/traces"
		}
		options = append(options, otlptracehttp.WithEndpointURL(u.String()))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the collector for traces cannot be used", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces were not sent", "error", err) }))
	return newTracer(sdk.NewBatchSpanProcessor(exporter), version)
}

// redacted is a URL without what may be secret in it.
func redacted(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.Path
}

func newTracer(processor sdk.SpanProcessor, version string) (*Tracer, error) {
	about, err := resource.New(context.Background(),
		resource.WithAttributes(attribute.String("service.name", "imagegate"), attribute.String("service.version", version)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME comes after, and wins
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "OTEL_RESOURCE_ATTRIBUTES cannot be used", err)
	}
	asked, err := lru.New[string, api.SpanContext](maxAsked)
	if err != nil {
		return nil, err
	}
	// Without a sampler of ours the SDK reads the variables.
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(processor), sdk.WithResource(about))
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/imagegate/imagegate"), asked: asked}, nil
}

// Close sends what is left, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Step is a gate.Trace. A step that no span is around, of a rescan or of a
// command, makes none of its own; an evaluation always does.
func (t *Tracer) Step(ctx context.Context, step string, about ...string) (context.Context, func(error, ...string)) {
	if step != "evaluate" && !api.SpanContextFromContext(ctx).IsValid() {
		return ctx, func(error, ...string) {}
	}
	ctx, span := t.tracer.Start(ctx, step, api.WithAttributes(pairs(about)...))
	return ctx, func(err error, about ...string) {
		span.SetAttributes(pairs(about)...)
		end(span, err)
	}
}

// end ends a span. Of an error it tells the code alone.
func end(span api.Span, err error) {
	if err != nil {
		code := string(gate.CodeOf(err))
		span.SetAttributes(attribute.String("error.type", code))
		span.SetStatus(codes.Error, code)
	}
	span.End()
}

// maxValue bounds a value in bytes.
const maxValue = 300

func pairs(about []string) []attribute.KeyValue {
	var out []attribute.KeyValue
	for i := 0; i+1 < len(about); i += 2 {
		if about[i+1] != "" {
			out = append(out, attribute.String(about[i], bounded(about[i+1])))
		}
	}
	return out
}

func bounded(s string) string {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	return strings.ToValidUTF8(s, "?")
}

// Accepted remembers the request that an evaluation came with.
func (t *Tracer) Accepted(ctx context.Context, id string) {
	if parent := api.SpanContextFromContext(ctx); parent.IsSampled() {
		t.asked.Add(id, parent)
	}
}

// Resumed is ctx below the request that the evaluation came with.
func (t *Tracer) Resumed(ctx context.Context, id string) context.Context {
	if parent, ok := t.asked.Get(id); ok {
		return api.ContextWithSpanContext(ctx, parent)
	}
	return ctx
}

var probes = []string{"/healthz", "/readyz", "/metrics"}

// Request follows a request to the gate, below the caller's own trace (W3C
// traceparent) where it sends one. Probes and Prometheus, who ask all the time,
// are not followed.
func (t *Tracer) Request(r *http.Request) (*http.Request, func(route string, status int)) {
	if slices.Contains(probes, r.URL.Path) {
		return r, func(string, int) {}
	}
	ctx := t.propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, r.Method, api.WithSpanKind(api.SpanKindServer))
	return r.WithContext(ctx), func(route string, status int) {
		if route == "" {
			route = "none"
		}
		span.SetName(bounded(r.Method + " " + route))
		span.SetAttributes(attribute.String("http.request.method", bounded(r.Method)), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
