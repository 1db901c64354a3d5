package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/servertest"
)

func TestAPasswordIsInNoMessage(t *testing.T) {
	for database, want := range map[string]string{
		"postgres://gate:hunter2@db.example:5433/gate?sslmode=require&password=hunter2": "postgres://gate@db.example:5433/gate",
		"postgresql://db.example/gate":                        "postgresql://db.example/gate",
		"postgres://gate:hunter2@db.example:not-a-port/gate":  "postgres://…",
		"postgres://gate:hunter2@127.0.0.1:1/gate":            "postgres://gate@127.0.0.1:1/gate",
		"postgres://gate:hunter2@127.0.0.1:1/gate?sslmode=no": "postgres://gate@127.0.0.1:1/gate",
	} {
		if got := Name(database); got != want {
			t.Errorf("%s is called %s", database, got)
		}
		if strings.Contains(database, "example") && !strings.Contains(database, "not-a-port") {
			continue // no name to ask for
		}
		s, err := Open(t.Context(), database)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s opens", database)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "hunter2") {
				t.Errorf("the password is told: %v", e)
			}
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say which database", err)
		}
	}
}

// replicas are two stores of one PostgreSQL database with their jobs.
func replicas(t *testing.T, run func(s *Store, name string) Run) (a, b *Store, ja, jb *Jobs) {
	t.Helper()
	a = openTest(t)
	b = openAgain(t, a)
	return a, b, work(t, a, run(a, "a"), JobsOptions{Workers: 8}), work(t, b, run(b, "b"), JobsOptions{Workers: 8})
}

func TestReplicasShareTheWorkAndTellEachOther(t *testing.T) {
	if !onPostgres {
		return // a file has one
	}
	var mu sync.Mutex
	ran := map[string]string{}
	a, b, ja, _ := replicas(t, func(s *Store, name string) Run {
		return func(ctx context.Context, e gate.Evaluation, last bool) error {
			mu.Lock()
			if ran[e.ID] != "" {
				t.Errorf("%s ran on %s and on %s", e.ID, ran[e.ID], name)
			}
			ran[e.ID] = name
			mu.Unlock()
			s.Report(e.ID, gate.Progress{Step: gate.StepAnalyze, Layer: 7})
			time.Sleep(50 * time.Millisecond)
			return passing(s)(ctx, e, last)
		}
	})
	for i := range 40 {
		if _, _, err := submit(t, ja, fmt.Sprint(i), "", fmt.Sprint("app", i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		done(t, []*Store{a, b}[i%2], fmt.Sprint(i))
	}
	on := map[string]int{}
	for _, name := range ran {
		on[name]++
	}
	if on["a"] == 0 || on["b"] == 0 {
		t.Errorf("the work was done by %v", on)
	}
}

// elsewhere holds an evaluation until the test has seen it from the replica
// that does not run it.
func TestProgressAndTheEndAreHeardElsewhere(t *testing.T) {
	if !onPostgres {
		return
	}
	hold, runner := make(chan struct{}), make(chan *Store, 1)
	a, b, ja, _ := replicas(t, func(s *Store, _ string) Run {
		return func(ctx context.Context, e gate.Evaluation, last bool) error {
			s.Report(e.ID, gate.Progress{Step: gate.StepAnalyze, Layer: 7})
			runner <- s
			<-hold
			return passing(s)(ctx, e, last)
		}
	})
	if _, _, err := submit(t, ja, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	other := a
	if <-runner == a {
		other = b
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		e, err := other.Evaluation(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		if e.Progress.Layer == 7 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the other replica knows %+v", e.Progress)
		}
		time.Sleep(20 * time.Millisecond)
	}
	began := time.Now()
	go func() { time.Sleep(300 * time.Millisecond); close(hold) }()
	if e, err := other.Wait(t.Context(), "1", time.Minute); err != nil || e.State != gate.Done {
		t.Errorf("%+v, %v", e, err)
	}
	if waited := time.Since(began); waited > lookAgain-time.Second {
		t.Errorf("the end was heard after %s: by looking, not by being told", waited)
	}
}

func TestWhatIsCancelledElsewhereStops(t *testing.T) {
	if !onPostgres {
		return
	}
	running, stopped := make(chan string, 1), make(chan struct{})
	_, b, ja, jb := replicas(t, func(_ *Store, name string) Run {
		return func(ctx context.Context, _ gate.Evaluation, _ bool) error {
			running <- name
			<-ctx.Done()
			close(stopped)
			return ctx.Err()
		}
	})
	if _, _, err := submit(t, ja, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	other := jb
	if <-running == "b" {
		other = ja
	}
	if e, err := other.Cancel(t.Context(), "1"); err != nil || !e.Verdict.WasCancelled() {
		t.Fatalf("%+v, %v", e, err)
	}
	select {
	case <-stopped:
	case <-time.After(lookAgain):
		t.Error("it goes on where it runs")
	}
	if e := done(t, b, "1"); !e.Verdict.WasCancelled() {
		t.Errorf("%+v", e.Verdict)
	}
}

// A replica that stood still while another took its work up comes back: the
// verdict that was stored first stands.
func TestAReplicaThatStoodStillChangesNothing(t *testing.T) {
	if !onPostgres {
		return
	}
	a := openTest(t)
	b := openAgain(t, a)
	var runs atomic.Int32
	still, first := make(chan struct{}), make(chan struct{})
	run := func(s *Store) Run {
		return func(ctx context.Context, e gate.Evaluation, _ bool) error {
			decision := gate.Pass
			if runs.Add(1) == 1 {
				close(first)
				<-still // and hears nothing: its context does not count
				decision = gate.Fail
			}
			_, err := s.Record(context.WithoutCancel(ctx), gate.Recording{Verdict: verdict(e.ID, decision, noon)})
			return err
		}
	}
	ja := work(t, a, run(a), JobsOptions{Workers: 1, ID: "a"})
	if _, _, err := submit(t, ja, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	<-first
	ja.stop() // no sign of life from now on
	work(t, b, run(b), JobsOptions{Workers: 1, ID: "b"})
	if _, err := a.write.ExecContext(t.Context(), `UPDATE replicas SET seen_at = seen_at - make_interval(secs => 60) WHERE id = 'a'`); err != nil {
		t.Fatal(err)
	}
	if e := waitLong(t, b, "1"); e.Verdict.Decision != gate.Pass {
		t.Errorf("taken up: %+v", e.Verdict)
	}
	close(still)
	deadline := time.Now().Add(10 * time.Second)
	for len(column(t, b, `SELECT kind FROM river_job WHERE state <> 'completed'`)) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("a job is left")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := column(t, b, `SELECT decision FROM verdicts`); len(got) != 1 || got[0] != "pass" {
		t.Errorf("verdicts %v", got)
	}
}

// The database hands a job out, and the connection breaks before the replica
// hears of it.
func TestAJobThatAReplicaNeverHeardOfIsTakenUp(t *testing.T) {
	if !onPostgres {
		return
	}
	s := openTest(t)
	j, err := s.NewJobs(t.Context(), passing(s), JobsOptions{Workers: 1, Attempts: 1, Timeout: time.Minute, Lease: 5 * time.Second, ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := submit(t, j, "1", "", "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute', attempted_by = '{a}'`); err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Stop(context.Background()) }()
	if e := waitLong(t, s, "1"); e.Verdict.Decision != gate.Pass {
		t.Errorf("%+v", e.Verdict)
	}
}

func waitLong(t *testing.T, s *Store, id string) gate.Evaluation {
	t.Helper()
	e, err := s.Wait(t.Context(), id, 3*lease)
	for n := 0; gate.CodeOf(err) == gate.CodeUnavailable && n < 20; n++ { // connections from before the end
		e, err = s.Wait(t.Context(), id, 3*lease)
	}
	if err != nil || e.State != gate.Done {
		t.Fatalf("%+v, %v", e, err)
	}
	return e
}

func TestAcceptedEvaluationsSurviveTheEndOfTheDatabase(t *testing.T) {
	if !onPostgres {
		return
	}
	server := servertest.NewPostgreSQL(t)
	s := openNamed(t, server.URL())
	var began atomic.Int32
	gone := make(chan struct{})
	j := work(t, s, func(ctx context.Context, e gate.Evaluation, last bool) error {
		if began.Add(1) <= 2 {
			<-gone // decided while the database is away
		}
		return passing(s)(ctx, e, last)
	}, JobsOptions{Workers: 8, Attempts: 5})
	for i := range 20 {
		if _, _, err := submit(t, j, fmt.Sprint(i), fmt.Sprint("key", i), fmt.Sprint("app", i)); err != nil {
			t.Fatal(err)
		}
	}
	for began.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	server.Kill()
	close(gone)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	_, _, err := j.Submit(ctx, of("", "refused"), "")
	cancel()
	if gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("accepted without a database: %v", err)
	}
	server.Start()
	for i := range 20 {
		if e := waitLong(t, s, fmt.Sprint(i)); e.Verdict.Decision != gate.Pass {
			t.Errorf("%d: %+v", i, e.Verdict)
		}
	}
	if n := len(column(t, s, `SELECT id FROM verdicts`)); n != 20 {
		t.Errorf("%d verdicts for twenty evaluations", n)
	}
	if e, created, err := submit(t, j, "again", "key3", "app3"); err != nil || created || e.ID != "3" {
		t.Errorf("asked again under its key: %+v, %v, %v", e, created, err)
	}
}

func TestTextThatPostgreSQLCannotHoldIsStored(t *testing.T) {
	s := openTest(t)
	reason := "the registry said \x00 and \xff\xfe"
	record(t, s, verdict("1", gate.Pass, noon), nil, "")
	if err := s.RecordSignature(t.Context(), "1", gate.SignatureState{State: gate.Refused, Reason: reason}); err != nil {
		t.Fatal(err)
	}
	v, err := s.Verdict(t.Context(), "1")
	if err != nil || !strings.HasPrefix(v.Signature.Reason, "the registry said") {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := s.Evaluation(t.Context(), "no\x00body\xff"); gate.CodeOf(err) != gate.CodeNotFound {
		t.Errorf("an id that cannot be: %v", err)
	}
	accept(t, s, "2", "app\x00:1", noon)
	if got := list(t, s, gate.Filter{}, nil, 10); len(got) != 2 {
		t.Errorf("listed %+v", got)
	}
}
