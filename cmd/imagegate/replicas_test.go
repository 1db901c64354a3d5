package main

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/servertest"
)

// number is the value of a series.
func (s *service) number(t *testing.T, series string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\d+)$`).FindStringSubmatch(s.text(t, "/metrics"))
	if found == nil {
		t.Fatalf("no series %s", series)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReplicasThatAreAskedAtOnceReadAnImageOnce(t *testing.T) {
	redis, database := servertest.Redis(t), servertest.PostgreSQL(t)
	h, references := newHeld(t, 1)
	dir, _ := prepared(t)
	// One vulnerability database, and a data directory each.
	a := startService(t, dir, "--database", database, "--shared-layers", redis.URL(), "--replica", "a")
	b := startService(t, dir, "--database", database, "--shared-layers", redis.URL(), "--replica", "b", "--data", t.TempDir())
	h.hold.Store(true)
	var all sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		all.Go(func() { ids[i] = []*service{a, b}[i%2].ask(t, references[0]) })
	}
	all.Wait()
	eventually(t, "a layer is asked for", func() bool { return h.waiting.Load() == 1 })
	time.Sleep(time.Second) // whoever does not wait would ask for it too
	if n := h.waiting.Load(); n != 1 {
		t.Errorf("%d read the layer at once", n)
	}
	close(h.release)
	for i, id := range ids {
		// Each answers about what the other accepted.
		if v := []*service{b, a}[i%2].verdict(t, id); v.Decision != gate.Pass || v.ID != id {
			t.Errorf("%s: %s %+v", id, v.Decision, v.Error)
		}
	}
	const read = "imagegate_layers_read_total"
	if n := a.number(t, read) + b.number(t, read); n != 1 {
		t.Errorf("the layer was read %d times", n)
	}
}

func TestAnotherReplicaFinishesWhatAKilledOneBegan(t *testing.T) {
	database := servertest.PostgreSQL(t)
	h, references := newHeld(t, 1)
	dir, key := prepared(t)
	flags := []string{"--database", database, "--key", key}
	a := startService(t, dir, flags...)
	h.hold.Store(true)
	id := a.ask(t, references[0])
	eventually(t, "its layer is asked for", func() bool { return h.waiting.Load() == 1 })
	b := startService(t, dir, append(flags, "--data", t.TempDir())...)
	if err := a.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = a.cmd.Wait()
	h.hold.Store(false)
	v := b.verdict(t, id)
	if v.Decision != gate.Pass || v.ID != id || v.Signature.State != gate.Signed {
		t.Errorf("%s %+v, signature %s", v.Decision, v.Error, v.Signature.State)
	}
}

func TestTooManyThatWaitAreToldToComeBack(t *testing.T) {
	h, references := newHeld(t, 3)
	dir, _ := prepared(t)
	s := startService(t, dir, "--max-queued", "2")
	h.hold.Store(true)
	defer close(h.release)
	for _, reference := range references[:2] {
		s.ask(t, reference)
	}
	r, err := http.Post(s.url+"/v1/evaluations", "application/json", strings.NewReader(`{"image":"`+references[2]+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" {
		t.Errorf("%s, Retry-After %q", r.Status, r.Header.Get("Retry-After"))
	}
}
