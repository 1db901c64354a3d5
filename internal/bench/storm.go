package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// crush is how many ask for one new image in the same moment.
const crush = 100

// storm has many ask for one image that nobody asked for before.
func (b *bench) storm() error {
	image, err := variant(b.image, "65532:65532", 1)
	if err != nil {
		return err
	}
	reference, err := push(remoteContext{b.ctx, b.host}, image, "bench/storm:1")
	if err != nil {
		return err
	}
	return b.onBoth(fmt.Sprintf("%d ask for one image (PostgreSQL)", crush), func(engine string, args ...string) error {
		s, err := b.serve("storm-"+engine, append(args, "--workers", "2")...)
		if err != nil {
			return err
		}
		defer s.stop()
		start := time.Now()
		g, ctx := errgroup.WithContext(b.ctx)
		for range crush {
			g.Go(func() error { return post(ctx, s.url, reference) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		took := time.Since(start)
		made, err := s.analyses(b.ctx)
		if err != nil {
			return err
		}
		b.limit(fmt.Sprintf("%d ask for one image (%s): last told", crush, engine), took.Round(10*time.Millisecond).String(), took < 10*time.Second, "10s")
		b.limit("  analyses made", fmt.Sprint(made), made == 1, "1")
		return nil
	})
}

// analyses is how many the service has made, by its own count.
func (s *service) analyses(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	text, err := answer(http.DefaultClient, req)
	if err != nil {
		return 0, err
	}
	total, found := 0, false
	for line := range strings.Lines(text) {
		var count int
		if _, value, ok := strings.Cut(line, " "); ok && strings.HasPrefix(line, "imagegate_analysis_duration_seconds_count") {
			if _, err := fmt.Sscan(value, &count); err != nil {
				return 0, fmt.Errorf("the metric %s: %w", line, err)
			}
			total, found = total+count, true
		}
	}
	if !found {
		return 0, fmt.Errorf("%s counts no analyses", req.URL)
	}
	return total, nil
}
