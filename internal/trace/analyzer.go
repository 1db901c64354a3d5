package trace

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	api "go.opentelemetry.io/otel/trace"

	"github.com/imagegate/imagegate/internal/gate"
)

// Analyzer follows analyses, and the layers in them as far as a worker tells of
// them: a layer that the cache held takes no time and makes no span.
func (t *Tracer) Analyzer(next gate.Analyzer) gate.Analyzer { return analyzer{next, t} }

type analyzer struct {
	gate.Analyzer
	tracer *Tracer
}

// Analyze implements gate.Analyzer.
func (a analyzer) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	if !api.SpanContextFromContext(ctx).IsValid() {
		return a.Analyzer.Analyze(ctx, img, report)
	}
	ctx, span := a.tracer.tracer.Start(ctx, "read image", api.WithAttributes(
		attribute.String("imagegate.platform", bounded(img.Evidence.Platform)), attribute.String("imagegate.digest", bounded(img.Digest)), attribute.Int("imagegate.layers", len(img.Evidence.Manifest.Layers))))
	l := &layers{tracer: a.tracer.tracer, ctx: ctx, img: img, open: map[int]api.Span{}}
	analysis, err := a.Analyzer.Analyze(ctx, img, func(p gate.Progress) {
		l.see(p, time.Now())
		if report != nil {
			report(p)
		}
	})
	l.close()
	end(span, err)
	return analysis, err
}

// layers are the layers of an image that are being read.
type layers struct {
	tracer api.Tracer
	ctx    context.Context // of the analysis
	img    gate.Image

	mu   sync.Mutex // guards what follows
	open map[int]api.Span
	over bool
}

// see takes a progress report: the first of a layer begins its span, the one in
// which it is whole ends it.
func (l *layers) see(p gate.Progress, now time.Time) {
	all := l.img.Evidence.Manifest.Layers
	if p.Layer < 1 || p.Layer > len(all) || p.LayerTotal <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	span, known := l.open[p.Layer]
	whole := p.LayerBytes >= p.LayerTotal
	switch {
	case l.over:
	case !known && whole: // from the cache, or too quick to tell
		l.open[p.Layer] = nil
	case !known:
		_, l.open[p.Layer] = l.tracer.Start(l.ctx, "read layer", api.WithTimestamp(now), api.WithAttributes(
			attribute.Int("imagegate.layer", p.Layer), attribute.String("imagegate.digest", bounded(all[p.Layer-1].Digest)), attribute.Int64("imagegate.bytes", p.LayerTotal)))
	case whole && span != nil:
		span.End(api.WithTimestamp(now))
		l.open[p.Layer] = nil
	}
}

// close ends what is open: the analysis has ended.
func (l *layers) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, span := range l.open {
		if span != nil {
			span.End()
		}
	}
}
