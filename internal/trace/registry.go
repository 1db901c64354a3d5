package trace

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	api "go.opentelemetry.io/otel/trace"
)

// Registry follows each request that goes through the returned transport, and
// passes the trace on.
func (t *Tracer) Registry(next http.RoundTripper) http.RoundTripper { return transport{t, next} }

type transport struct {
	*Tracer
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper. The span ends with the headers: the
// body is the reader's. A query is left out, for what a registry redirects to
// is signed by it.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !api.SpanContextFromContext(r.Context()).IsValid() {
		return t.next.RoundTrip(r)
	}
	ctx, span := t.tracer.Start(r.Context(), r.Method+" "+bounded(r.URL.Host), api.WithSpanKind(api.SpanKindClient), api.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("server.address", bounded(r.URL.Host)), attribute.String("url.path", bounded(r.URL.Path)),
	))
	defer span.End()
	r = r.Clone(ctx)
	t.propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	response, err := t.next.RoundTrip(r)
	if err != nil {
		span.SetStatus(codes.Error, "no answer")
		return response, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}
