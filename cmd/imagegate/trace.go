package main

import (
	"context"
	"net/http"
	"time"

	"github.com/imagegate/imagegate/internal/trace"
)

// traceGrace is how long the last spans may take to reach the collector.
const traceGrace = 5 * time.Second

// follow opens a tracer where one is wanted, and has it see what goes to
// registries.
func (a *app) follow(ctx context.Context, o *appOptions) error {
	if !trace.Wanted(o.otlp) {
		return nil
	}
	t, err := trace.Open(ctx, o.otlp, version, a.log)
	if err != nil {
		return err
	}
	a.tracer = t
	a.closers = append(a.closers, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceGrace)
		defer cancel()
		if err := t.Close(ending); err != nil {
			a.log.Warn("the last traces were not sent", "error", err)
		}
	})
	counted := o.observe
	o.observe = func(next http.RoundTripper) http.RoundTripper { return t.Registry(counted(next)) }
	return nil
}

// traceSteps has the tracer follow evaluations.
func (a *app) traceSteps() {
	if a.tracer != nil {
		a.service.Trace = a.tracer.Step
		a.service.Analyzer = a.tracer.Analyzer(a.service.Analyzer)
	}
}

// traceRequests follows requests; nil where nobody does.
func (a *app) traceRequests() func(*http.Request) (*http.Request, func(string, int)) {
	if a.tracer == nil {
		return nil
	}
	return a.tracer.Request
}
