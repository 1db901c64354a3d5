package gate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// gated is the rig's scanner behind a door, and says how it was left.
type gated struct {
	*scanner
	entered chan struct{}
	open    chan struct{}
	ended   atomic.Int64 // calls whose context ended before the door opened
}

func (g *gated) Analyze(ctx context.Context, img gate.Image, report gate.Report) (*gate.Analysis, error) {
	report(gate.Progress{Step: gate.StepAnalyze, Layer: 1})
	g.entered <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		g.ended.Add(1)
		return nil, ctx.Err()
	}
	return g.scanner.Analyze(ctx, img, report)
}

// behindADoor has the rig share what it analyzes, one at a time to be let in.
func behindADoor(r *rig) *gated {
	g := &gated{scanner: r.scanner, entered: make(chan struct{}, 100), open: make(chan struct{})}
	r.Analyzer = gate.Share(g, nil)
	return g
}

const patience = 20 * time.Second

func within[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("waited in vain for " + what)
	}
	return v
}

func TestAHundredWhoAskForOneNewImageCauseOneAnalysis(t *testing.T) {
	r := newRig(t)
	r.Analyzer = gate.Share(r.scanner, nil)
	reference, digest := r.push(t, "app", nil)
	var all sync.WaitGroup
	verdicts := make(chan gate.Verdict, 100)
	for i := range 100 {
		all.Go(func() {
			v, err := r.Evaluate(t.Context(), fmt.Sprint("evaluation-", i), gate.Request{Image: reference}, true, nil)
			if err != nil {
				t.Error(err)
			}
			verdicts <- v
		})
	}
	all.Wait()
	close(verdicts)
	ids := map[string]bool{}
	for v := range verdicts {
		if v.Decision != gate.Pass || v.Digest != digest {
			t.Errorf("%s %s %+v", v.Decision, v.Digest, v.Error)
		}
		ids[v.ID] = true
	}
	if len(ids) != 100 || r.scanner.calls.Load() != 1 {
		t.Errorf("%d answers after %d analyses", len(ids), r.scanner.calls.Load())
	}
}

func TestSharingSeparatesWhatIsNotTheSame(t *testing.T) {
	r := newRig(t)
	r.Analyzer = gate.Share(r.scanner, nil)
	reference, _ := r.push(t, "app", nil)
	other, _ := r.push(t, "other", nil)
	r.ask(t, gate.Request{Image: reference})
	r.ask(t, gate.Request{Image: other})
	if r.scanner.calls.Load() != 2 {
		t.Errorf("two images: %d analyses", r.scanner.calls.Load())
	}
	r.scanner.database.UpdatedAt = start
	r.ask(t, gate.Request{Image: reference})
	if r.scanner.calls.Load() != 3 {
		t.Errorf("a new database: %d analyses", r.scanner.calls.Load())
	}
}

func TestOneCallersEndDoesNotFailTheOthers(t *testing.T) {
	r := newRig(t)
	door := behindADoor(r)
	reference, _ := r.push(t, "app", nil)
	first, leave := context.WithCancel(t.Context())
	defer leave()
	gone := make(chan error, 1)
	go func() {
		_, err := r.Evaluate(first, "first", gate.Request{Image: reference}, true, nil)
		gone <- err
	}()
	within(t, door.entered, "the analysis to begin")
	told, answered := make(chan gate.Progress, 100), make(chan gate.Verdict, 1)
	go func() {
		v, err := r.Evaluate(t.Context(), "second", gate.Request{Image: reference}, true, func(p gate.Progress) { told <- p })
		if err != nil {
			t.Error(err)
		}
		answered <- v
	}()
	for p := (gate.Progress{}); p.Layer != 1; {
		p = within(t, told, "the second to be told how far it is")
	}
	leave() // the one that began it
	if err := within(t, gone, "the first to leave"); !errors.Is(err, context.Canceled) {
		t.Errorf("the first is told %v", err)
	}
	close(door.open)
	if v := within(t, answered, "the second's verdict"); v.Decision != gate.Pass {
		t.Errorf("the second is told %s %+v", v.Decision, v.Error)
	}
	if r.scanner.calls.Load() != 1 || door.ended.Load() != 0 {
		t.Errorf("%d analyses, %d of them cut short", r.scanner.calls.Load(), door.ended.Load())
	}
	if v, _ := r.store.Verdict(t.Context(), "first"); v != nil {
		t.Errorf("the first left the verdict %s", v.Decision)
	}
}

func TestAnAnalysisNobodyWaitsForIsEndedAndMadeAnewForTheNext(t *testing.T) {
	r := newRig(t)
	door := behindADoor(r)
	reference, _ := r.push(t, "app", nil)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := r.Evaluate(ctx, "first", gate.Request{Image: reference}, true, nil)
		gone <- err
	}()
	within(t, door.entered, "the analysis to begin")
	leave()
	if err := within(t, gone, "the caller to leave"); !errors.Is(err, context.Canceled) || door.ended.Load() != 1 {
		t.Errorf("%v, %d analyses ended with it", err, door.ended.Load())
	}
	close(door.open)
	if v := r.ask(t, gate.Request{Image: reference}); v.Decision != gate.Pass {
		t.Errorf("the next is told %s %+v", v.Decision, v.Error)
	}
}

func TestASharedFailureIsEverybodysAndIsNotKept(t *testing.T) {
	for name, fail := range map[string]func(*rig){
		"a panic": func(r *rig) { r.scanner.panics = true },
		"a lie":   func(r *rig) { r.scanner.lies = true },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.Analyzer = gate.Share(r.scanner, nil)
			reference, _ := r.push(t, "app", nil)
			fail(r)
			if v := r.ask(t, gate.Request{Image: reference}); v.Decision != gate.Errored || v.Error.Code != gate.CodeInternal {
				t.Errorf("%s %+v", v.Decision, v.Error)
			}
			r.scanner.panics, r.scanner.lies = false, false
			if v := r.ask(t, gate.Request{Image: reference}); v.Decision != gate.Pass {
				t.Errorf("the next: %s %+v", v.Decision, v.Error)
			}
		})
	}
}

// marking is a list of exploited vulnerabilities that names one.
type marking struct{}

func (marking) Mark(found []gate.Vulnerability) gate.Exploits {
	for i := range found {
		found[i].Exploited = true
	}
	return gate.Exploits{Count: 1}
}

func (marking) List() gate.Exploits { return gate.Exploits{Count: 1} }

// Run with -race: those who share an analysis mark their own copies.
func TestEverybodyMarksACopyOfWhatIsShared(t *testing.T) {
	r := newRig(t)
	r.Exploits = marking{}
	shared := []gate.Vulnerability{{ID: "CVE-2026-1", Package: "p", Severity: gate.SeverityLow}}
	r.scanner.change = func(a *gate.Analysis) { a.Scan.Vulnerabilities = shared }
	door := behindADoor(r)
	reference, _ := r.push(t, "app", nil)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := r.Evaluate(t.Context(), fmt.Sprint(i), gate.Request{Image: reference}, true, nil); err != nil {
				t.Error(err)
			}
		})
	}
	within(t, door.entered, "the analysis to begin")
	close(door.open)
	all.Wait()
	if shared[0].Exploited || r.scanner.calls.Load() != 1 {
		t.Errorf("what is shared is %+v after %d analyses", shared, r.scanner.calls.Load())
	}
}

func TestACancelledEvaluationIsNeverSigned(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	req := gate.Request{Image: reference, Sign: true}
	if _, err := r.store.Record(t.Context(), gate.Recording{Verdict: gate.Cancelled(gate.Evaluation{ID: "one", Request: req}, start)}); err != nil {
		t.Fatal(err)
	}
	v, err := r.Evaluate(t.Context(), "one", req, true, nil)
	if err != nil || !v.WasCancelled() || v.Signature.State != gate.Refused || len(r.signer.signed) != 0 {
		t.Errorf("%+v, %v, signed %+v", v, err, r.signer.signed)
	}
	if v := r.ask(t, req); v.Decision != gate.Pass {
		t.Errorf("asked again: %s", v.Decision)
	}
}
