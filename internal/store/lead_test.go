package store

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/servertest"
)

func TestOneOfAllLeads(t *testing.T) {
	s := openTest(t)
	other := openAgain(t, s)
	var leading atomic.Int32
	first, cancel := context.WithCancel(t.Context())
	began, ended := make(chan int, 2), make(chan int, 2)
	lead := func(ctx context.Context, s *Store, who int) {
		s.Lead(ctx, "sweeping", func(ctx context.Context) {
			if leading.Add(1) > 1 {
				t.Error("two lead at once")
			}
			began <- who
			<-ctx.Done()
			leading.Add(-1)
		})
		ended <- who
	}
	go lead(first, s, 1)
	if who := <-began; who != 1 {
		t.Fatal(who)
	}
	second, cancelSecond := context.WithCancel(t.Context())
	go lead(second, other, 2)
	other.Lead(t.Context(), "something else", func(context.Context) { began <- 3 })
	if who := <-began; who != 3 {
		t.Errorf("%d began beside the leader", who)
	}
	cancel()
	if who := <-ended; who != 1 {
		t.Fatal(who)
	}
	if who := <-began; who != 2 {
		t.Errorf("%d leads after the first", who)
	}
	cancelSecond()
	<-ended
}

func TestALeaderThatLosesTheDatabaseStopsAndLeadsAgain(t *testing.T) {
	if !onPostgres {
		return // a file's lock cannot be lost
	}
	server := servertest.NewPostgreSQL(t)
	s := openNamed(t, server.URL())
	ctx, cancel := context.WithCancel(t.Context())
	began, stopped := make(chan bool, 2), make(chan bool, 2)
	over := make(chan bool)
	go func() {
		defer close(over)
		s.Lead(ctx, "sweeping", func(ctx context.Context) {
			began <- true
			<-ctx.Done()
			stopped <- true
		})
	}()
	<-began
	server.Kill()
	select {
	case <-stopped:
	case <-time.After(lease + 10*time.Second):
		t.Fatal("it goes on leading without a database")
	}
	server.Start()
	select {
	case <-began:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody leads after the database came back")
	}
	cancel()
	<-over
}

func TestASharedKeyIsTheSameForAllAndRandom(t *testing.T) {
	s := openTest(t)
	a, err := s.SharedKey(t.Context(), "layers")
	if err != nil || len(a) != 32 {
		t.Fatalf("%d bytes, %v", len(a), err)
	}
	if b, err := openAgain(t, s).SharedKey(t.Context(), "layers"); err != nil || !bytes.Equal(a, b) {
		t.Errorf("another process has another key, %v", err)
	}
	if b, err := s.SharedKey(t.Context(), "other"); err != nil || bytes.Equal(a, b) {
		t.Errorf("two purposes share a key, %v", err)
	}
}

func TestOneOfAllDoesWhatIsExclusive(t *testing.T) {
	if !onPostgres {
		return // one process runs the jobs of a file
	}
	s := openTest(t)
	other := openAgain(t, s)
	release, err := s.Exclusive(t.Context(), "analysis of a")
	if err != nil {
		t.Fatal(err)
	}
	if another, err := other.Exclusive(t.Context(), "analysis of b"); err != nil {
		t.Fatal(err)
	} else {
		another()
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // of patience
	defer cancel()
	if _, err := other.Exclusive(short, "analysis of a"); err == nil {
		t.Fatal("two do it at once")
	}
	time.AfterFunc(200*time.Millisecond, release)
	again, err := other.Exclusive(t.Context(), "analysis of a")
	if err != nil {
		t.Fatal(err)
	}
	again()
}
