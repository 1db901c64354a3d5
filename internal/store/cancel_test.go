package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// cancelled holds what cancelling left behind against what it should.
func cancelled(t *testing.T, s *Store, e gate.Evaluation, err error) {
	t.Helper()
	if err != nil || e.State != gate.Done || !e.Verdict.WasCancelled() || e.Verdict.Decision != gate.Errored || e.Verdict.Error.Retryable {
		t.Fatalf("%+v, %v", e, err)
	}
	stored, err := s.Verdict(t.Context(), e.ID)
	if err != nil || stored == nil || !stored.WasCancelled() {
		t.Errorf("stored is %+v, %v", stored, err)
	}
	if got := list(t, s, gate.Filter{State: gate.Done, Decision: gate.Errored}, nil, 50); ids(got) != e.ID {
		t.Errorf("listed is %q", ids(got))
	}
}

func TestAQueuedEvaluationIsCancelledAndNeverRun(t *testing.T) {
	s := openTest(t)
	hold, started := make(chan struct{}), make(chan string, 10)
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		started <- e.ID
		<-hold
		return passing(s)(ctx, e, last)
	}, JobsOptions{Workers: 1})
	for _, id := range []string{"1", "2", "3"} {
		if _, _, err := submit(t, j, id, "", "app"); err != nil {
			t.Fatal(err)
		}
	}
	<-started
	waited := make(chan gate.Evaluation, 1)
	go func() {
		e, _ := s.Wait(context.Background(), "2", 20*time.Second)
		waited <- e
	}()
	e, err := j.Cancel(t.Context(), "2")
	cancelled(t, s, e, err)
	if e := <-waited; e.State != gate.Done {
		t.Errorf("who waited is told %s", e.State)
	}
	again, err := j.Cancel(t.Context(), "2")
	cancelled(t, s, again, err)
	if !again.Verdict.DecidedAt.Equal(e.Verdict.DecidedAt) {
		t.Error("cancelling again made another verdict")
	}
	close(hold)
	done(t, s, "1")
	done(t, s, "3")
	close(started)
	for id := range started {
		if id == "2" {
			t.Error("it was run all the same")
		}
	}
}

func TestARunningEvaluationIsStoppedAndItsWorkerIsFreed(t *testing.T) {
	s := openTest(t)
	started := make(chan struct{}, 1)
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		if e.ID != "1" {
			return passing(s)(ctx, e, last)
		}
		started <- struct{}{}
		<-ctx.Done()
		s.Report(e.ID, gate.Progress{Step: gate.StepAnalyze})
		return ctx.Err()
	}, JobsOptions{Workers: 1})
	if _, err := j.Cancel(t.Context(), "none"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("one that there is not: %v", err)
	}
	request := gate.Evaluation{ID: "1", Request: gate.Request{Image: "app", Sign: true}, CreatedAt: noon}
	if _, _, err := j.Submit(t.Context(), request, ""); err != nil {
		t.Fatal(err)
	}
	<-started
	e, err := j.Cancel(t.Context(), "1")
	cancelled(t, s, e, err)
	if e.Verdict.Signature.State != gate.Refused {
		t.Errorf("its signature is %+v", e.Verdict.Signature)
	}
	if _, _, err := submit(t, j, "2", "", "app"); err != nil {
		t.Fatal(err)
	}
	if e := done(t, s, "2"); e.Verdict.Decision != gate.Pass {
		t.Errorf("the next one: %+v", e.Verdict)
	}
	if p := s.progress("1"); p != (gate.Progress{}) {
		t.Errorf("its progress is kept: %+v", p)
	}
	if _, err := j.Cancel(t.Context(), "2"); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("one that is done: %v", err)
	}
}

func TestOneThatIsDecidedAndBeingSignedIsNotCancelled(t *testing.T) {
	s := openTest(t)
	decided, hold := make(chan struct{}), make(chan struct{})
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		err := passing(s)(ctx, e, last)
		close(decided)
		<-hold
		return err
	}, JobsOptions{})
	if _, _, err := submit(t, j, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	<-decided
	if _, err := j.Cancel(t.Context(), "1"); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("%v", err)
	}
	close(hold)
	if e := done(t, s, "1"); e.Verdict.Decision != gate.Pass {
		t.Errorf("%+v", e.Verdict)
	}
}

func TestCancellingWhileItIsDecidedLeavesOneVerdict(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{Workers: 4})
	var all sync.WaitGroup
	var called, stood atomic.Int32
	for i := range 40 {
		all.Go(func() {
			id := fmt.Sprint(i)
			if _, _, err := submit(t, j, id, "", "app"); err != nil {
				t.Error(err)
				return
			}
			var told gate.Evaluation
			var err error
			var two sync.WaitGroup
			two.Go(func() { told, err = j.Cancel(context.Background(), id) })
			two.Go(func() { _, _ = j.Cancel(context.Background(), id) })
			two.Wait()
			e := done(t, s, id)
			switch {
			case err == nil && told.Verdict.WasCancelled() && e.Verdict.WasCancelled():
				called.Add(1)
			case gate.CodeOf(err) == gate.CodeConflict && e.Verdict.Decision == gate.Pass:
				stood.Add(1)
			default:
				t.Errorf("evaluation %d ended as %s, and who cancelled was told %v", i, e.Verdict.Decision, err)
			}
		})
	}
	all.Wait()
	var verdicts int
	if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM verdicts`).Scan(&verdicts); err != nil || verdicts != 40 {
		t.Errorf("%d verdicts for 40 evaluations (%d cancelled, %d decided first), %v", verdicts, called.Load(), stood.Load(), err)
	}
}

func TestACancellationThatWasCutShortIsFinishedByAskingAgain(t *testing.T) {
	s := openTest(t)
	accept(t, s, "1", "app", noon)
	e, err := s.Evaluation(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	record(t, s, gate.Cancelled(e, noon), nil, "") // and then the power went
	j := work(t, s, passing(s), JobsOptions{})
	e, err = j.Cancel(t.Context(), "1")
	cancelled(t, s, e, err)
}
