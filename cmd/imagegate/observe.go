package main

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
	"github.com/imagegate/imagegate/internal/scan/vulndb"
	"github.com/imagegate/imagegate/internal/store"
	"github.com/imagegate/imagegate/server"
)

// countedStore counts what is recorded, whoever decided it: evaluations, rescans
// and reviews.
type countedStore struct {
	*store.Store
	metrics *server.Metrics
}

// Record implements gate.Store.
func (s countedStore) Record(ctx context.Context, r gate.Recording) (gate.Verdict, error) {
	v, err := s.Store.Record(ctx, r)
	if err == nil {
		s.metrics.Decided(v)
	}
	return v, err
}

// RecordSignature implements gate.Store.
func (s countedStore) RecordSignature(ctx context.Context, id string, state gate.SignatureState) error {
	err := s.Store.RecordSignature(ctx, id, state)
	if err == nil {
		s.metrics.Signed(state)
	}
	return err
}

// countedAnalyzer counts analyses.
type countedAnalyzer struct {
	gate.Analyzer
	metrics *server.Metrics
}

// Analyze implements gate.Analyzer.
func (a countedAnalyzer) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	began := time.Now()
	analysis, err := a.Analyzer.Analyze(ctx, img, report)
	a.metrics.Analyzed(len(img.Evidence.Manifest.Layers), time.Since(began), err)
	return analysis, err
}

// watch tells the metrics whom to ask.
func (a *app) watch(o appOptions) {
	w := server.Watched{
		Version: version, Checks: report.CheckIDs(), Stored: a.store.Size,
		Queue: func(ctx context.Context) (int, int, time.Duration, error) {
			q, err := a.store.Queue(ctx)
			return q.Queued, q.Running, q.Oldest, err
		},
		Advisories: func() (time.Time, error) {
			s, err := vulndb.Read(o.databaseDir(a.data))
			return s.UpdatedAt, err
		},
	}
	if a.exploits != nil {
		w.Exploits = func() time.Time { return a.exploits.List().UpdatedAt }
	}
	a.metrics.Watch(w)
}
