package gate_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/store"
)

// rig is a gate over a real registry, real policies and a real database. Only
// the scanner stands still: it says what the test wants it to say.
type rig struct {
	*gate.Service
	host     string
	requests atomic.Int64 // all requests to the registry
	blobs    atomic.Int64 // of them for blobs
	down     atomic.Bool  // the registry answers 500
	baseDown atomic.Bool  // it does so for the base image only
	scanner  *scanner
	signer   *signer
	store    *store.Store
	now      atomic.Int64 // unix seconds
}

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// scanner is an analyzer that reads no layer.
type scanner struct {
	calls    atomic.Int64
	database gate.Database
	err      error
	panics   bool
	lies     bool
	change   func(*gate.Analysis)
}

func (s *scanner) Database(context.Context) (gate.Database, error) { return s.database, s.err }

func (s *scanner) Analyze(_ context.Context, img gate.Image, _ gate.Report) (*gate.Analysis, error) {
	s.calls.Add(1)
	if s.panics {
		panic("a defect")
	}
	id, no, yes := 65532, false, true
	a := &gate.Analysis{
		Contents: gate.Contents{
			Complete: true, Executables: 1, Class: gate.ClassStatic, User: gate.User{Configured: img.Evidence.Config.User, UID: &id, GID: &id, Source: "numeric"},
			Command: &gate.Command{Argument: "/app", Path: "/app", Mode: 0o755, Runnable: &yes, Format: "elf", Machine: "amd64"}, Unowned: &gate.Unowned{},
		},
		Scan:     gate.Scan{OS: &gate.OS{Family: "debian", Name: "12", Supported: true, EndOfLife: &no}, OSPackages: 1, LanguagePackages: 1},
		Database: s.database,
	}
	for i, l := range img.Evidence.Manifest.Layers {
		diffID := img.Evidence.Config.DiffIDs[i]
		if s.lies {
			diffID = "sha256:" + strings.Repeat("0", 64)
		}
		a.Contents.Layers = append(a.Contents.Layers, gate.LayerEvidence{Index: i, Digest: l.Digest, DiffID: diffID})
	}
	if s.change != nil {
		s.change(a)
	}
	return a, nil
}

// signer remembers what it was asked to sign.
type signer struct {
	mu     sync.Mutex
	signed []gate.SignRequest
	err    error
}

func (s *signer) Sign(_ context.Context, r gate.SignRequest) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	s.signed = append(s.signed, r)
	return "signature of " + r.Digest, nil
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{scanner: &scanner{database: gate.Database{Version: 2, UpdatedAt: start.Add(-time.Hour)}}, signer: &signer{}}
	r.now.Store(start.Unix())
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	handler := ggcr.New(ggcr.Logger(quiet))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.requests.Add(1)
		if strings.Contains(req.URL.Path, "/blobs/") {
			r.blobs.Add(1)
		}
		if r.down.Load() || (r.baseDown.Load() && strings.Contains(req.URL.Path, "/base/")) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	client, err := registry.New(registry.Options{Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "gate.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	ids := atomic.Int64{}
	r.Service = &gate.Service{
		Policies: policy.NewSet("", policy.Shipped()...), Resolver: client, Bases: client, Analyzer: r.scanner, Store: r.store, Signer: r.signer,
		Now:   func() time.Time { return time.Unix(r.now.Load(), 0).UTC() },
		NewID: func() string { return fmt.Sprintf("verdict-%d", ids.Add(1)) },
	}
	return r
}

// push puts an image into the registry and forgets the requests it took.
func (r *rig) push(t *testing.T, repository string, configure func(*v1.Config)) (reference, digest string) {
	t.Helper()
	img := image(t, "amd64", configure)
	tag, err := name.NewTag(r.host + "/" + repository + ":1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	r.requests.Store(0)
	r.blobs.Store(0)
	return tag.Name(), d.String()
}

func image(t *testing.T, architecture string, configure func(*v1.Config)) v1.Image {
	t.Helper()
	img, err := random.Image(512, 2)
	if err != nil {
		t.Fatal(err)
	}
	img = mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Config.User, config.Config.Entrypoint = "65532:65532", []string{"/app"}
	if configure != nil {
		configure(&config.Config)
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func (r *rig) ask(t *testing.T, req gate.Request) gate.Verdict {
	t.Helper()
	v, err := r.Evaluate(t.Context(), "", req, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
