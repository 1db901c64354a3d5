package sign

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
)

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
