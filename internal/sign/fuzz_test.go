package sign

import (
	"strings"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/oci/static"
)

// Whatever lies beside an image, in a bundle or under its .sig tag, it is no
// signature of ours unless our key made it for this digest.
func FuzzWhatLiesBesideAnImage(f *testing.F) {
	s, k := serve(f, true), newKey(f)
	repo, digest := s.push(f, "app")
	t, err := newTarget(f.Context(), plain, nil, repo, digest)
	if err != nil {
		f.Fatal(err)
	}
	other, err := newTarget(f.Context(), plain, nil, repo, "sha256:"+strings.Repeat("0", 64))
	if err != nil {
		f.Fatal(err)
	}
	bundle, err := other.bundle(k, signPredicate, nil) // by our key, and for another image
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle, "", "", "")
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`), "AAAA", `{"SignedEntryTimestamp":""}`, `{"SignedRFC3161Timestamp":""}`)
	f.Fuzz(func(tt *testing.T, data []byte, encoded, rekor, stamp string) {
		if ok, _ := t.verifyBundle(data, k.signer); ok {
			tt.Errorf("a signature: %q", data)
		}
		sig, err := static.NewSignature(data, encoded, signatureOptions(map[string]string{annotationRekor: rekor, annotationTimestamp: stamp})...)
		if err == nil && t.verifyOne(sig, k.signer) {
			tt.Errorf("a signature: %q %q", data, encoded)
		}
	})
}
