package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

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

func TestSigningAndVerifyingInEveryLayout(t *testing.T) {
	for _, referrers := range []bool{true, false} {
		for _, layout := range []Layout{LayoutTag, LayoutBundle, LayoutBoth} {
			t.Run(fmt.Sprintf("%s, referrers API %v", layout, referrers), func(t *testing.T) {
				s, k := serve(t, referrers), newKey(t)
				repo, digest := s.push(t, "app")
				if r := verified(t, k, repo, digest); r.Verified || r.Reason != "there is no signature" {
					t.Fatalf("before signing: %+v", r)
				}
				if ref := sign(t, signer(t, k, layout), repo, digest); ref == "" {
					t.Error("the signature is not named")
				}
				want := "[" + string(layout) + "]"
				if layout == LayoutBoth {
					want = "[sig bundle]"
				}
				if r := verified(t, k, repo, digest); !r.Verified || fmt.Sprint(r.Layouts) != want {
					t.Errorf("%+v, want %s", r, want)
				}
				if r := verified(t, newKey(t), repo, digest); r.Verified {
					t.Error("another key accepts it")
				}
				_, other := s.push(t, "app")
				if r := verified(t, k, repo, other); r.Verified {
					t.Error("another digest is accepted")
				}
			})
		}
	}
}

func TestSigningAgainLeavesOneSignature(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	sign(t, signer(t, k, LayoutBoth), repo, digest)
	before := s.requests.Load()
	sign(t, signer(t, k, LayoutBoth), repo, digest)
	if tag, bundles := counts(t, repo, digest); tag != 1 || bundles != 1 {
		t.Errorf("%d signatures under the tag, %d bundles", tag, bundles)
	}
	if n := s.requests.Load() - before; n > 12 {
		t.Errorf("finding it signed took %d requests", n)
	}
}

func TestHalfASignatureIsCompleted(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	sign(t, signer(t, k, LayoutTag), repo, digest)
	sign(t, signer(t, k, LayoutBoth), repo, digest)
	if tag, bundles := counts(t, repo, digest); tag != 1 || bundles != 1 {
		t.Errorf("%d signatures under the tag, %d bundles", tag, bundles)
	}
}

func TestFiftyRequestsAndTwoProcessesLeaveOneSignatureAndLoseNoOther(t *testing.T) {
	for _, referrers := range []bool{true, false} {
		t.Run(fmt.Sprintf("referrers API %v", referrers), func(t *testing.T) {
			s, ours, theirs := serve(t, referrers), newKey(t), newKey(t)
			repo, digest := s.push(t, "app")
			sign(t, signer(t, theirs, LayoutBoth), repo, digest)
			// Two signers share nothing, as two processes do.
			a, b := signer(t, ours, LayoutBoth), signer(t, ours, LayoutBoth)
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					each := a
					if i%2 == 1 {
						each = b
					}
					if _, err := each.Sign(t.Context(), gate.SignRequest{Repository: repo, Digest: digest, Annotations: map[string]string{gate.AnnotationVerdict: fmt.Sprint(i)}}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			for _, k := range []*Key{ours, theirs} {
				if r := verified(t, k, repo, digest); fmt.Sprint(r.Layouts) != "[sig bundle]" {
					t.Errorf("after all: %+v", r)
				}
			}
			// The second process may have written its own before it saw the first's.
			if tag, bundles := counts(t, repo, digest); tag > 3 || bundles > 3 {
				t.Errorf("%d signatures under the tag and %d bundles of two keys", tag, bundles)
			}
		})
	}
}

func TestAnAttestationIsNotASignature(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	target, err := newTarget(t.Context(), plain, nil, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	attestation := bundleOf(t, target, k, strings.Replace(signPredicate, "sigstore.dev/cosign/sign", "slsa.dev/verification_summary", 1))
	if _, err := target.writeBundle(attestation); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, k, repo, digest); r.Verified || !strings.Contains(r.Reason, "verification_summary") {
		t.Errorf("%+v", r)
	}
}

// bundleOf makes a bundle with another predicate type, by the same key.
func bundleOf(t *testing.T, target *target, k *Key, predicate string) []byte {
	t.Helper()
	made, err := target.bundle(k, predicate, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAForeignBundleHidesNoSignature(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	sign(t, signer(t, newKey(t), LayoutBundle), repo, digest)
	sign(t, signer(t, k, LayoutTag), repo, digest)
	if r := verified(t, k, repo, digest); !r.Verified {
		t.Errorf("%+v", r)
	}
}

func TestAHugeReferrerIsNotFetched(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	sign(t, signer(t, k, LayoutBoth), repo, digest)
	// A bundle that claims 400 MB. The blob need not exist: nobody asks for it.
	target, err := newTarget(t.Context(), plain, nil, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteLayer(target.digest.Repository, static.NewLayer([]byte("{}"), emptyType), target.opts...); err != nil {
		t.Fatal(err)
	}
	huge := referrer{ArtifactType: bundleType, Manifest: v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config:  v1.Descriptor{MediaType: emptyType, ArtifactType: string(bundleType), Size: 2, Digest: sha(t, []byte("{}"))},
		Layers:  []v1.Descriptor{{MediaType: bundleType, Size: 400 << 20, Digest: sha(t, []byte("huge"))}},
		Subject: &v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: target.hash, Size: 1},
	}}
	raw, err := huge.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Put(target.digest.Repository.Digest(sha(t, raw).String()), huge, target.opts...); err != nil {
		t.Fatal(err)
	}
	r := verified(t, k, repo, digest)
	if !r.Verified || !strings.Contains(strings.Join(r.Notes, " "), "419430400 bytes") {
		t.Errorf("%+v", r)
	}
}

func sha(t *testing.T, b []byte) v1.Hash {
	t.Helper()
	h, _, err := v1.SHA256(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTooManyReferrersAreNotCalledUnsigned(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	target, err := newTarget(t.Context(), plain, nil, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxReferrers + 1 {
		if _, err := target.writeBundle(fmt.Appendf(nil, "{%d}", i)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := NewVerifier(k.PublicKeyPEM(), VerifyOptions{Remote: plain})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := v.Verify(t.Context(), repo, digest); gate.CodeOf(err) != gate.CodeLimit {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestATransportErrorIsNotCalledUnsigned(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	sign(t, signer(t, k, LayoutBoth), repo, digest)
	v, err := NewVerifier(k.PublicKeyPEM(), VerifyOptions{Remote: plain})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string
		status     int
		want       gate.Code
	}{
		{"the tag", "/manifests/sha256-", 500, gate.CodeUnavailable},
		{"the payload", "/blobs/", 502, gate.CodeUnavailable},
		{"the referrers", "/referrers/", 503, gate.CodeUnavailable},
		{"a bundle's manifest", "/manifests/sha256:", 500, gate.CodeUnavailable},
		{"no right to read", "/manifests/", 403, gate.CodeUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			fail := func(r *http.Request) int {
				if strings.Contains(r.URL.Path, test.path) {
					return test.status
				}
				return 0
			}
			s.fail.Store(&fail)
			defer s.fail.Store(nil)
			if r, err := v.Verify(t.Context(), repo, digest); gate.CodeOf(err) != test.want || r.Verified {
				t.Errorf("%+v, %v; want %s", r, err, test.want)
			}
		})
	}
}

func TestNoRightToPushIsSaidSo(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	fail := func(r *http.Request) int {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return http.StatusForbidden
		}
		return 0
	}
	s.fail.Store(&fail)
	_, err := signer(t, k, LayoutBoth).Sign(t.Context(), gate.SignRequest{Repository: repo, Digest: digest})
	if gate.CodeOf(err) != gate.CodeUnauthorized || !strings.Contains(err.Error(), "push") {
		t.Errorf("%v", err)
	}
}

func TestOnlyDigestsAreSigned(t *testing.T) {
	for _, bad := range []string{"latest", "sha256:abc", "", "sha512:" + strings.Repeat("a", 128)} {
		if _, err := signer(t, newKey(t), LayoutBoth).Sign(t.Context(), gate.SignRequest{Repository: "registry.example/app", Digest: bad}); gate.CodeOf(err) != gate.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.PrivateKey{"P-384": p384, "Ed25519": ed, "RSA": rsaKey} {
		t.Run(name+" signs what it verifies", func(t *testing.T) {
			s, key := serve(t, true), pkcs8(t, k)
			repo, digest := s.push(t, "app")
			sign(t, signer(t, key, LayoutBoth), repo, digest)
			if r := verified(t, key, repo, digest); len(r.Layouts) != 2 {
				t.Errorf("%+v", r)
			}
		})
	}
	private, public, err := GenerateKey([]byte("correct"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := LoadKey(private, []byte("correct"))
	if err != nil || !bytes.Equal(k.PublicKeyPEM(), public) {
		t.Errorf("a generated key does not load: %v", err)
	}
	for name, test := range map[string]struct {
		pem, password []byte
		want          string
	}{
		"wrong password": {private, []byte("wrong"), "COSIGN_PASSWORD is not its password"},
		"no password":    {private, nil, "COSIGN_PASSWORD is empty"},
		"not PEM":        {[]byte("hello"), nil, "is not PEM"},
		"a public key":   {public, nil, "cannot be read"},
		"too large":      {make([]byte, maxKey+1), nil, "larger than"},
	} {
		if _, err := LoadKey(test.pem, test.password); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k)} {
		if text != "signing key" {
			t.Errorf("a key prints as %q", text)
		}
	}
	if _, err := NewVerifier([]byte("nonsense"), VerifyOptions{}); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("a public key that is none: %v", err)
	}
}

func TestTheSameStatementIsTheSameBundle(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	target, err := newTarget(t.Context(), plain, nil, repo, digest)
	if err != nil {
		t.Fatal(err)
	}
	a, err := target.makeBundle(k, map[string]string{"x": "y"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := target.makeBundle(k, map[string]string{"x": "y"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two bundles of one statement differ")
	}
}

func TestAnIndexIsSignedAsAWhole(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	index = mutate.IndexMediaType(index, types.OCIImageIndex)
	ref, err := name.NewTag(s.host + "/multi:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	sign(t, signer(t, k, LayoutBoth), s.host+"/multi", digest.String())
	if r := verified(t, k, s.host+"/multi", digest.String()); len(r.Layouts) != 2 {
		t.Errorf("%+v", r)
	}
}

func BenchmarkVerify(b *testing.B) {
	s, k := serve(b, true), newKey(b)
	repo, digest := s.push(b, "app")
	sign(b, signer(b, k, LayoutBoth), repo, digest)
	v, err := NewVerifier(k.PublicKeyPEM(), VerifyOptions{Remote: plain})
	if err != nil {
		b.Fatal(err)
	}
	before := s.requests.Load()
	for b.Loop() {
		if r, err := v.Verify(b.Context(), repo, digest); err != nil || !r.Verified {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(s.requests.Load()-before)/float64(b.N), "requests/op")
}
