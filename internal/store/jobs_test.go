package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// work starts jobs that run f, and stops them with the test.
func work(t testing.TB, s *Store, f Run, o JobsOptions) *Jobs {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Attempts == 0 {
		o.Attempts = 3
	}
	if o.Lease == 0 {
		o.Lease = 5 * time.Second
	}
	if o.Backoff == nil {
		o.Backoff = func(int) time.Duration { return time.Millisecond }
	}
	j, err := s.NewJobs(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = j.Stop(ctx)
	})
	return j
}

func submit(t testing.TB, j *Jobs, id, key, image string) (gate.Evaluation, bool, error) {
	t.Helper()
	return j.Submit(context.Background(), gate.Evaluation{ID: id, Request: gate.Request{Image: image}, State: gate.Queued, CreatedAt: noon}, key)
}

// passing stores a pass.
func passing(s *Store) Run {
	return func(ctx context.Context, e gate.Evaluation, _ bool) error {
		_, err := s.Record(ctx, gate.Recording{Verdict: verdict(e.ID, gate.Pass, noon)})
		return err
	}
}

func done(t testing.TB, s *Store, id string) gate.Evaluation {
	t.Helper()
	e, err := s.Wait(context.Background(), id, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if e.State != gate.Done {
		t.Fatalf("evaluation %s is %s", id, e.State)
	}
	return e
}

func TestAnEvaluationIsQueuedRunAndDone(t *testing.T) {
	s := openTest(t)
	hold, started := make(chan struct{}), make(chan struct{})
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		s.Report(e.ID, gate.Progress{Step: gate.StepAnalyze, Layer: 2})
		close(started)
		<-hold
		return passing(s)(ctx, e, last)
	}, JobsOptions{})
	if _, created, err := submit(t, j, "1", "", "app"); err != nil || !created {
		t.Fatal(created, err)
	}
	<-started
	e, err := s.Wait(t.Context(), "1", 0)
	if err != nil || e.State != gate.Running || e.Progress.Layer != 2 || e.Verdict != nil {
		t.Errorf("%+v, %v", e, err)
	}
	close(hold)
	if e := done(t, s, "1"); e.Verdict.Decision != gate.Pass || e.Request.Image != "app" || e.DoneAt.IsZero() {
		t.Errorf("%+v", e)
	}
	if _, err := s.Evaluation(t.Context(), "none"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("an unknown evaluation: %v", err)
	}
}

func TestAnIdempotencyKeyNamesOneRequest(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{})
	if _, _, err := submit(t, j, "1", "key", "app"); err != nil {
		t.Fatal(err)
	}
	again, created, err := submit(t, j, "2", "key", "app")
	if err != nil || created || again.ID != "1" {
		t.Errorf("the same request again: %s, %v, %v", again.ID, created, err)
	}
	if _, _, err := submit(t, j, "3", "key", "another"); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("another request: %v", err)
	}
}

func TestErrorsThatMayPassAreTriedAgainAndTheLastAttemptIsTold(t *testing.T) {
	s := openTest(t)
	var attempts atomic.Int32
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		attempts.Add(1)
		if !last {
			return gate.NewError(gate.CodeUnavailable, "registry away", nil)
		}
		_, err := s.Record(ctx, gate.Recording{Verdict: verdict(e.ID, gate.Errored, noon)})
		return err
	}, JobsOptions{Attempts: 3})
	if _, _, err := submit(t, j, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	if e := done(t, s, "1"); e.Verdict.Decision != gate.Errored || attempts.Load() != 3 {
		t.Errorf("%s after %d attempts", e.Verdict.Decision, attempts.Load())
	}
}

func TestAPanicCostsOneAttempt(t *testing.T) {
	s := openTest(t)
	var attempts atomic.Int32
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		if attempts.Add(1) == 1 {
			panic("a defect")
		}
		return passing(s)(ctx, e, last)
	}, JobsOptions{})
	if _, _, err := submit(t, j, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	done(t, s, "1")
}

func TestFiftySubmitsAtOnceAllEnd(t *testing.T) {
	s := openTest(t)
	j := work(t, s, passing(s), JobsOptions{Workers: 8})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, _, err := submit(t, j, fmt.Sprint(i), "", fmt.Sprint("app", i)); err != nil {
				t.Error(err)
				return
			}
			if e := done(t, s, fmt.Sprint(i)); e.Verdict.ID != fmt.Sprint(i) {
				t.Errorf("evaluation %d has verdict %s", i, e.Verdict.ID)
			}
		})
	}
	all.Wait()
}

func TestOneProcessRunsTheJobsOfAFile(t *testing.T) {
	s := openFileTest(t)
	work(t, s, passing(s), JobsOptions{})
	second := openAgain(t, s)
	if _, err := second.NewJobs(t.Context(), passing(second), JobsOptions{Timeout: time.Minute}); gate.CodeOf(err) != gate.CodeConflict {
		t.Errorf("a second one: %v", err)
	}
}

func TestStoppingWaitsForWhatRuns(t *testing.T) {
	s := openTest(t)
	started, release := make(chan struct{}), make(chan struct{})
	j, err := s.NewJobs(t.Context(), func(ctx context.Context, e gate.Evaluation, last bool) error {
		close(started)
		<-release
		return passing(s)(ctx, e, last)
	}, JobsOptions{Timeout: time.Minute, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := submit(t, j, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	<-started
	go close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := j.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Evaluation(t.Context(), "1"); err != nil || e.State != gate.Done {
		t.Errorf("%s, %v", e.State, err)
	}
}

// child is the process that is killed: it takes ten evaluations, finishes the
// first ones and hangs in the others.
func child(path string) {
	s, err := Open(context.Background(), path)
	if err != nil {
		panic(err)
	}
	var n atomic.Int32
	j, err := s.NewJobs(context.Background(), func(ctx context.Context, e gate.Evaluation, last bool) error {
		switch n.Add(1) {
		case 1:
			return passing(s)(ctx, e, last)
		case 2: // the verdict is stored, and the end never comes
			if err := passing(s)(ctx, e, last); err != nil {
				return err
			}
		}
		fmt.Println("hanging")
		select {}
	}, JobsOptions{Workers: 8, Timeout: time.Hour, Attempts: 2})
	if err != nil {
		panic(err)
	}
	for i := range 10 {
		if _, _, err := j.Submit(context.Background(), gate.Evaluation{ID: fmt.Sprint(i), Request: gate.Request{Image: fmt.Sprint(i)}, CreatedAt: noon}, ""); err != nil {
			panic(err)
		}
	}
	if err := j.Start(context.Background()); err != nil {
		panic(err)
	}
	select {}
}

func TestAcceptedEvaluationsSurviveKill9(t *testing.T) {
	path := newDatabase(t)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "IMAGEGATE_STORE_TEST_CHILD="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for hanging := 0; hanging < 4 && lines.Scan(); {
		if strings.Contains(lines.Text(), "hanging") {
			hanging++
		}
	}
	if err := cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = cmd.Wait()

	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	work(t, s, passing(s), JobsOptions{Workers: 2})
	for i := range 10 {
		if e := done(t, s, fmt.Sprint(i)); e.Verdict.ID != fmt.Sprint(i) || e.Verdict.Decision != gate.Pass {
			t.Errorf("evaluation %d: %+v", i, e.Verdict)
		}
	}
	var verdicts int
	if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM verdicts`).Scan(&verdicts); err != nil || verdicts != 10 {
		t.Errorf("%d verdicts for ten evaluations, %v", verdicts, err)
	}
}
