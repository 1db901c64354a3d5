package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/imagegate/imagegate/internal/gate"
)

// server is a registry in this process, with or without the referrers API.
type server struct {
	host     string
	requests atomic.Int64
	// fail, when set, answers a request with its status instead.
	fail atomic.Pointer[func(*http.Request) int]
}

func serve(t testing.TB, referrers bool) *server {
	t.Helper()
	s := &server{}
	h := registry.New(registry.WithReferrersSupport(referrers), registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if f := s.fail.Load(); f != nil {
			if status := (*f)(r); status != 0 {
				w.WriteHeader(status)
				if status == http.StatusNotFound && r.Method == http.MethodPut { // as registries that ended in between say it
					_, _ = w.Write([]byte(`{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"blob upload unknown to registry"}]}`))
				}
				return
			}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.host = strings.TrimPrefix(srv.URL, "http://")
	return s
}

// push puts a small image into the registry.
func (s *server) push(t testing.TB, repository string) (repo, digest string) {
	t.Helper()
	img, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(s.host + "/" + repository + ":1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return s.host + "/" + repository, d.String()
}

func plain(ctx context.Context) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithRetryBackoff(remote.Backoff{Steps: 1})}
}

// newKey makes a key quickly: a plain PEM is loaded as an encrypted one is.
func newKey(t testing.TB) *Key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pkcs8(t, k)
}

func pkcs8(t testing.TB, k crypto.PrivateKey) *Key {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func signer(t testing.TB, k *Key, layout Layout) *Signer {
	t.Helper()
	s, err := New(Options{Key: k, Layout: layout, Remote: plain})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *Signer, repo, digest string) string {
	t.Helper()
	ref, err := s.Sign(context.Background(), gate.SignRequest{Repository: repo, Digest: digest, Annotations: map[string]string{gate.AnnotationVerdict: "v"}})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func verified(t testing.TB, k *Key, repo, digest string) Result {
	t.Helper()
	v, err := NewVerifier(k.PublicKeyPEM(), VerifyOptions{Remote: plain})
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.Verify(context.Background(), repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counts are how many signatures there are in each layout.
func counts(t testing.TB, repo, digest string) (tag, bundles int) {
	t.Helper()
	target, err := newTarget(context.Background(), plain, nil, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := target.readTag()
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := target.readBundles()
	if err != nil {
		t.Fatal(err)
	}
	return len(sigs), len(found)
}
