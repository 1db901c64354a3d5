package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestSignaturesAreCounted(t *testing.T) {
	ours, others := newSigner(t), newSigner(t)
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, c := range []struct {
		name          string
		layers        []mutate.Addendum
		bundles       []v1.Layer
		tags, bundled int
		problem       string
	}{
		{name: "nothing"},
		{name: "one of each", layers: []mutate.Addendum{ours.simple(digest, "v1")}, bundles: []v1.Layer{ours.bundle(digest, "v1")}, tags: 1, bundled: 1},
		{name: "two under the tag", layers: []mutate.Addendum{ours.simple(digest, "v1"), ours.simple(digest, "v2")}, tags: 2},
		{name: "two bundles", bundles: []v1.Layer{ours.bundle(digest, "v1"), ours.bundle(digest, "v2")}, bundled: 2},
		{name: "another's signature", layers: []mutate.Addendum{others.simple(digest, "v1")}, problem: "key did not make"},
		{name: "another's bundle", bundles: []v1.Layer{others.bundle(digest, "v1")}, problem: "key did not make"},
		{name: "a signature for something else", layers: []mutate.Addendum{ours.simple("sha256:"+strings.Repeat("b", 64), "v1")}, problem: "is for sha256:bbb"},
		{name: "a bundle for something else", bundles: []v1.Layer{ours.bundle("sha256:"+strings.Repeat("b", 64), "v1")}, problem: "not for sha256:aaa"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(registry.New())
			defer server.Close()
			s := &stage{dir: t.TempDir(), registry: &process{port: server.Listener.Addr().(*net.TCPAddr).Port}}
			if err := os.WriteFile(filepath.Join(s.dir, "cosign.pub"), ours.public(), 0o600); err != nil {
				t.Fatal(err)
			}
			repo, err := name.NewRepository(s.registry.address() + "/a/app")
			if err != nil {
				t.Fatal(err)
			}
			write(t, repo, digest, c.layers, c.bundles)
			got, err := s.signatures(t.Context(), "a/app")
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Fatalf("the error is %v, expected one with %q", err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found := got[digest]
			if found == nil {
				found = &signed{}
			}
			if found.tags != c.tags || found.bundles != c.bundled || len(found.verdicts) != c.tags+c.bundled {
				t.Errorf("%+v, expected %d under the tag and %d bundles", found, c.tags, c.bundled)
			}
		})
	}
}

// write puts signatures beside a digest, and an image without any.
func write(t *testing.T, repo name.Repository, digest string, layers []mutate.Addendum, bundles []v1.Layer) {
	t.Helper()
	tag := strings.Replace(digest, ":", "-", 1)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(remote.Write(repo.Tag("v1"), empty.Image))
	if layers != nil {
		image, err := mutate.Append(empty.Image, layers...)
		must(err)
		must(remote.Write(repo.Tag(tag+".sig"), image))
	}
	if bundles == nil {
		return
	}
	hash, err := v1.NewHash(digest)
	must(err)
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range bundles {
		image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), b)
		must(err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: mutate.Subject(image, v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: hash}).(v1.Image)})
	}
	must(remote.WriteIndex(repo.Tag(tag), index))
}

type signer struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key}
}

func (s signer) public() []byte {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (s signer) sign(body []byte) string {
	sum := sha256.Sum256(body)
	raw, err := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (s signer) simple(digest, verdict string) mutate.Addendum {
	body := fmt.Appendf(nil, `{"critical":{"image":{"docker-manifest-digest":%q}},"optional":{%q:%q}}`, digest, verdictOf, verdict)
	return mutate.Addendum{Layer: static.NewLayer(body, "application/vnd.dev.cosign.simplesigning.v1+json"), Annotations: map[string]string{"dev.cosignproject.cosign/signature": s.sign(body)}}
}

func (s signer) bundle(digest, verdict string) v1.Layer {
	const kind = "application/vnd.in-toto+json"
	body := fmt.Appendf(nil, `{"subject":[{"digest":{"sha256":%q},"annotations":{%q:%q}}]}`, strings.TrimPrefix(digest, "sha256:"), verdictOf, verdict)
	text, err := json.Marshal(map[string]any{"dsseEnvelope": map[string]any{"payload": body, "payloadType": kind, "signatures": []any{map[string]string{"sig": s.sign(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(body), body))}}}})
	if err != nil {
		s.t.Fatal(err)
	}
	return static.NewLayer(text, "application/vnd.dev.sigstore.bundle.v0.3+json")
}
