package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
)

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

func TestAnUploadThatTheRegistryForgotIsTriedAgain(t *testing.T) {
	s, k := serve(t, true), newKey(t)
	repo, digest := s.push(t, "app")
	fail := func(r *http.Request) int {
		if r.Method == http.MethodPut {
			return http.StatusNotFound
		}
		return 0
	}
	s.fail.Store(&fail)
	_, err := signer(t, k, LayoutBoth).Sign(t.Context(), gate.SignRequest{Repository: repo, Digest: digest})
	if !gate.Retryable(err) {
		t.Errorf("it is final: %v", err)
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
