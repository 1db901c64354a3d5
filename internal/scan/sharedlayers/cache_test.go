package sharedlayers

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/imagegate/imagegate/internal/servertest"
)

// watched is a Cache with what it counted and logged.
type watched struct {
	*Cache
	mu       sync.Mutex // guards outcomes
	outcomes map[Outcome]int
	log      bytes.Buffer
}

func newWatched(t testing.TB, o Options) *watched {
	t.Helper()
	w := &watched{outcomes: map[Outcome]int{}}
	o.Key = key
	o.Logger = slog.New(slog.NewTextHandler(&w.log, nil))
	o.Count = func(outcome Outcome) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.outcomes[outcome]++
	}
	var err error
	if w.Cache, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// expect says how often each outcome was counted, and that no other was.
func (w *watched) expect(t *testing.T, want map[Outcome]int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for outcome, n := range w.outcomes {
		if n != want[outcome] {
			t.Errorf("%s was counted %d times, want %d", outcome, n, want[outcome])
		}
	}
	for outcome, n := range want {
		if n != w.outcomes[outcome] {
			t.Errorf("%s was counted %d times, want %d", outcome, w.outcomes[outcome], n)
		}
	}
}

// raw is a client that does to Redis what it likes.
func raw(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestALayerIsReadAsItWasShared(t *testing.T) {
	server := servertest.Redis(t)
	c := newWatched(t, Options{URL: server.URL()})
	if got := c.Get(t.Context(), generation, diffID); got != nil {
		t.Fatalf("an empty Redis answered %q", got)
	}
	if err := c.Put(t.Context(), generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	if got := c.Get(t.Context(), generation, diffID); string(got) != "facts" {
		t.Errorf("read %q", got)
	}
	if got := c.Get(t.Context(), "fedcba9876543210", diffID); got != nil {
		t.Errorf("another generation answered %q", got)
	}
	c.expect(t, map[Outcome]int{Miss: 2, Stored: 1, Hit: 1})
}

func TestALayerThatIsReadStaysAnotherMonth(t *testing.T) {
	server := servertest.Redis(t)
	c, other := newWatched(t, Options{URL: server.URL()}), raw(t, server.URL())
	if err := c.Put(t.Context(), generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	k, _ := name(generation, diffID)
	left := func() time.Duration { return other.TTL(t.Context(), k).Val() }
	if l := left(); l < keep-time.Minute || l > keep {
		t.Errorf("it was stored for %s", l)
	}
	other.Expire(t.Context(), k, time.Hour)
	c.Get(t.Context(), generation, diffID)
	if l := left(); l < keep-time.Minute || l > keep {
		t.Errorf("after it was read it stays for %s", l)
	}
}

func TestWhatAnotherWroteCountsAsAbsent(t *testing.T) {
	server := servertest.Redis(t)
	c, other := newWatched(t, Options{URL: server.URL()}), raw(t, server.URL())
	k, _ := name(generation, diffID)
	genuine := seal(key, generation, diffID, []byte("facts"))
	for what, value := range map[string][]byte{
		"forged":                  append([]byte{version}, make([]byte, 200)...),
		"of another layer":        seal(key, generation, another, []byte("facts")),
		"of another generation":   seal(key, "fedcba9876543210", diffID, []byte("facts")),
		"cut short":               genuine[:len(genuine)-2],
		"more than anybody takes": bytes.Repeat([]byte{version}, 2*MaxEntry),
	} {
		if err := other.Set(t.Context(), k, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got := c.Get(t.Context(), generation, diffID); got != nil {
			t.Errorf("a value %s was taken: %.100q", what, got)
		}
	}
	c.expect(t, map[Outcome]int{Rejected: 5})
	if n := strings.Count(c.log.String(), "level=WARN"); n != 1 || !strings.Contains(c.log.String(), "find out who else writes") {
		t.Errorf("%d warnings, want one:\n%s", n, c.log.String())
	}
	// A value that is no string is Redis's refusal, not a value.
	other.Del(t.Context(), k)
	other.LPush(t.Context(), k, "facts")
	if got := c.Get(t.Context(), generation, diffID); got != nil {
		t.Errorf("a list was taken: %q", got)
	}
	// The layer's next reader puts it right.
	if err := c.Put(t.Context(), generation, diffID, []byte("facts")); err != nil {
		t.Fatal(err)
	}
	if got := newWatched(t, Options{URL: server.URL()}).Get(t.Context(), generation, diffID); string(got) != "facts" {
		t.Errorf("after it was shared anew: %q", got)
	}
}

func TestLargeLayersAreNotShared(t *testing.T) {
	server := servertest.Redis(t)
	c := newWatched(t, Options{URL: server.URL()})
	if err := c.Put(t.Context(), generation, diffID, make([]byte, MaxEntry+1)); err != nil {
		t.Error(err)
	}
	if err := c.Put(t.Context(), generation, another, make([]byte, MaxEntry)); err != nil {
		t.Error(err)
	}
	if got := c.Get(t.Context(), generation, another); len(got) != MaxEntry {
		t.Errorf("the largest came back with %d bytes", len(got))
	}
	c.expect(t, map[Outcome]int{TooLarge: 1, Stored: 1, Hit: 1})
}

func TestAUserThatMayStoreAndReadIsEnough(t *testing.T) {
	server := servertest.Redis(t)
	acl := []any{"ACL", "SETUSER", "gate", "on", ">pass-of-gate", "~imagegate:layer:*", "+ping", "+getrange", "+expire", "+set"}
	if err := raw(t, server.URL()).Do(t.Context(), acl...).Err(); err != nil {
		t.Fatal(err)
	}
	c := newWatched(t, Options{URL: strings.Replace(server.URL(), "redis://", "redis://gate@", 1), Password: "pass-of-gate"})
	if err := c.Reachable(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Put(t.Context(), generation, diffID, []byte("facts")); err != nil {
		t.Error(err)
	}
	if got := c.Get(t.Context(), generation, diffID); string(got) != "facts" {
		t.Errorf("read %q", got)
	}
}

// memory is a Directory.
type memory struct {
	mu   sync.Mutex // guards held
	held map[string]string
}

func (m *memory) Has(_, diffID string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held[diffID] != ""
}

func (m *memory) Put(_, diffID string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[diffID] = string(data)
	return nil
}

func TestFillFetchesWhatTheDirectoryLacks(t *testing.T) {
	server := servertest.Redis(t)
	c := newWatched(t, Options{URL: server.URL()})
	var all []string
	for i := range 30 {
		all = append(all, "sha256:"+strings.Repeat(string("0123456789abcdef"[i%16]), 63)+string("ab"[i/16]))
	}
	for _, id := range all[5:] {
		if err := c.Put(context.Background(), generation, id, []byte("shared "+id)); err != nil {
			t.Fatal(err)
		}
	}
	d := &memory{held: map[string]string{all[29]: "own"}}
	c.Fill(t.Context(), d, generation, append(all, all[7], "sha256:../../passwd"))
	if len(d.held) != 25 || d.held[all[7]] != "shared "+all[7] || d.held[all[29]] != "own" {
		t.Errorf("the directory holds %d: %v", len(d.held), d.held)
	}
	c.expect(t, map[Outcome]int{Stored: 25, Hit: 24, Miss: 5})
}

// BenchmarkGet is what a layer costs that another replica read. 256 kB is what
// one of 23,000 files has.
func BenchmarkGet(b *testing.B) {
	c := newWatched(b, Options{URL: servertest.Redis(b).URL()})
	if err := c.Put(b.Context(), generation, diffID, make([]byte, 256<<10)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if c.Get(b.Context(), generation, diffID) == nil {
			b.Fatal("it is gone")
		}
	}
}
