package worker

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/scan/sharedlayers"
	"github.com/imagegate/imagegate/internal/servertest"
)

// replica is a pool over a directory and a Redis, as each gate has them.
type replica struct {
	*Pool
	layers *layercache.Dir

	mu    sync.Mutex // guards what follows
	asked map[sharedlayers.Outcome]int
	read  int // layers a worker had to read
}

func newReplica(t *testing.T, url string, key []byte) *replica {
	t.Helper()
	r := &replica{layers: layercache.New(t.TempDir()), asked: map[sharedlayers.Outcome]int{}}
	shared, err := sharedlayers.New(sharedlayers.Options{URL: url, Key: key, Count: func(o sharedlayers.Outcome) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked[o]++
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	r.Pool = newPool(t, func(o *Options) {
		o.Env = []string{"LAYERS=" + r.layers.Path()}
		o.Fetch = func(ctx context.Context, generation string, diffIDs []string) {
			shared.Fill(ctx, r.layers, generation, diffIDs)
		}
		o.Keep = func(ctx context.Context, generation, diffID string, data []byte) error {
			r.mu.Lock()
			r.read++
			r.mu.Unlock()
			if err := r.layers.Put(generation, diffID, data); err != nil {
				return err
			}
			_ = shared.Put(ctx, generation, diffID, data) // counted
			return nil
		}
	})
	return r
}

// caches does what a scanner does with a layer: it reads the directory, and
// makes what is not there. It answers with what it found.
func (b behaving) caches() (*gate.Analysis, error) {
	a := &gate.Analysis{}
	for _, diffID := range layerIDs {
		data := layercache.New(os.Getenv("LAYERS")).Get(b.Generation(), diffID)
		if data == nil {
			data = []byte("facts of " + diffID)
			if err := b.link.Keep(b.Generation(), diffID, data); err != nil {
				return nil, err
			}
		}
		a.Scan.Scanner += string(data) + "\n"
	}
	return a, nil
}

var layerIDs = []string{
	"sha256:1111111111111111111111111111111111111111111111111111111111111111",
	"sha256:2222222222222222222222222222222222222222222222222222222222222222",
}

func layered() gate.Image {
	img := image("caches")
	img.Evidence.Config.DiffIDs = layerIDs
	return img
}

func TestALayerThatOneReplicaReadIsNotReadByAnother(t *testing.T) {
	redis := servertest.Redis(t)
	key := make([]byte, sharedlayers.KeySize)
	first, second := newReplica(t, redis.URL(), key), newReplica(t, redis.URL(), key)
	want, err := first.Analyze(t.Context(), layered(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := second.Analyze(t.Context(), layered(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Scan.Scanner != want.Scan.Scanner {
		t.Errorf("the second found %q, the first %q", got.Scan.Scanner, want.Scan.Scanner)
	}
	if first.read != 2 || second.read != 0 {
		t.Errorf("the first read %d layers, the second %d", first.read, second.read)
	}
	if first.asked[sharedlayers.Miss] != 2 || first.asked[sharedlayers.Stored] != 2 || second.asked[sharedlayers.Hit] != 2 {
		t.Errorf("the first asked %v, the second %v", first.asked, second.asked)
	}
	// What lies in the directory is asked for no more.
	if _, err := second.Analyze(t.Context(), layered(), nil); err != nil || second.asked[sharedlayers.Hit] != 2 {
		t.Errorf("asked again: %v, %v", second.asked, err)
	}
}

func TestAReplicaWithAnotherKeyReadsForItself(t *testing.T) {
	redis := servertest.Redis(t)
	key, other := make([]byte, sharedlayers.KeySize), make([]byte, sharedlayers.KeySize)
	other[0] = 1
	first, second := newReplica(t, redis.URL(), key), newReplica(t, redis.URL(), other)
	for _, r := range []*replica{first, second} {
		if _, err := r.Analyze(t.Context(), layered(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if second.read != 2 || second.asked[sharedlayers.Rejected] != 2 {
		t.Errorf("it read %d layers and was told %v", second.read, second.asked)
	}
}

func TestARedisThatIsAwayTakesNothingAway(t *testing.T) {
	redis := servertest.Redis(t)
	r := newReplica(t, redis.URL(), make([]byte, sharedlayers.KeySize))
	redis.Stop()
	if _, err := r.Analyze(t.Context(), layered(), nil); err != nil {
		t.Fatal(err)
	}
	if r.read != 2 || r.asked[sharedlayers.Failed] == 0 {
		t.Errorf("read %d layers, asked %v", r.read, r.asked)
	}
}
