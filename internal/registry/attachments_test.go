package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

// statementOf is an in-toto statement about a digest.
func statementOf(digest, predicateType, predicate string) string {
	return fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`,
		strings.TrimPrefix(digest, "sha256:"), predicateType, predicate)
}

func envelopeOf(statement string) string {
	return fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[{"sig":"AA=="}]}`, base64.StdEncoding.EncodeToString([]byte(statement)))
}

// carrier is a manifest that carries contents as layers.
func carrier(t *testing.T, mediaType string, contents ...string) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.oci.empty.v1+json")
	for _, c := range contents {
		var err error
		if img, err = mutate.Append(img, mutate.Addendum{Layer: static.NewLayer([]byte(c), types.MediaType(mediaType))}); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

const buildkitProvenance = `{"builder":{"id":"https://ci.example/runner"},"buildType":"x",
	"materials":[{"uri":"pkg:docker/debian@12?digest=sha256:aaaa&platform=linux%2Famd64","digest":{"sha256":"aaaa"}},{"uri":"pkg:docker/ghcr.io/team/tool@1","digest":{"sha256":"bbbb"}},{"uri":"https://example/file"}],
	"invocation":{"configSource":{"uri":"https://git.example/team/app"},"parameters":{"args":{"build-arg:NPM_TOKEN":"abcdef123","build-arg:PREFIX":"/usr","context":"longer value"}}},
	"metadata":{"completeness":{"parameters":true}}}`

func TestAttachmentsAreFoundWhereverTheyAre(t *testing.T) {
	r := registrytest.New(t)
	c := newClient(t)
	img := image(t, 1, 100, "linux", "amd64")
	manifest := digest(t, img)
	attestation := carrier(t, "application/vnd.in-toto+json", statementOf(manifest, "https://spdx.dev/Document", "{}"), statementOf(manifest, "https://slsa.dev/provenance/v0.2", buildkitProvenance))
	idx := index(platformed(img, "linux", "amd64", ""), mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
		Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}, Annotations: map[string]string{"vnd.docker.reference.digest": manifest, "vnd.docker.reference.type": "attestation-manifest"},
	}})
	ref := r.Push(t, "app:1", idx)
	resolved := resolve(t, c, ref)
	if e := resolved.Index[1]; e.Role != "attestation" || e.For != manifest {
		t.Fatalf("the attestation is listed as %+v", e)
	}
	// A signature, and a provenance that was copied from another image.
	tag := func(suffix string, what v1.Image) {
		t.Helper()
		at, err := name.NewTag(r.Host + "/app:" + strings.Replace(manifest, ":", "-", 1) + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(at, what); err != nil {
			t.Fatal(err)
		}
	}
	tag(".sig", carrier(t, "application/vnd.dev.cosign.simplesigning.v1+json", "{}"))
	tag(".att", carrier(t, "application/vnd.dsse.envelope.v1+json", envelopeOf(statementOf("sha256:"+strings.Repeat("c", 64), "https://slsa.dev/provenance/v1", `{"buildDefinition":{"externalParameters":{"workflow":{"repository":"https://git.example/x"}}},"runDetails":{"builder":{"id":"https://other.example"}}}`))))
	bundle, err := json.Marshal(map[string]any{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": json.RawMessage(envelopeOf(statementOf(resolved.Digest, "https://slsa.dev/verification_summary/v1", "{}")))})
	if err != nil {
		t.Fatal(err)
	}
	referrer := carrier(t, "application/vnd.dev.sigstore.bundle.v0.3+json", string(bundle))
	subject, ok := mutate.Subject(referrer, v1.Descriptor{MediaType: types.OCIImageIndex, Digest: mustHash(t, resolved.Digest), Size: 100}).(v1.Image)
	if !ok {
		t.Fatal("an image with a subject is no image")
	}
	r.Push(t, "app:referrer", subject)

	supply := c.Attached(t.Context(), gate.AttachmentSubject{Repository: r.Host + "/app", Digest: manifest, Index: resolved.Digest, Attestations: []string{resolved.Index[1].Digest}})
	if len(supply.Problems) > 0 || supply.Truncated {
		t.Errorf("problems %v", supply.Problems)
	}
	found := map[string]gate.Attachment{}
	for _, a := range supply.Attachments {
		found[string(a.Kind)+" "+a.Place] = a
	}
	for _, want := range []string{"sbom index", "provenance index", "signature tag", "provenance tag", "vsa referrer"} {
		if _, ok := found[want]; !ok {
			t.Errorf("no %s among %+v", want, supply.Attachments)
		}
	}
	if len(supply.Attachments) != 5 {
		t.Errorf("%d attachments, want 5", len(supply.Attachments))
	}
	p := found["provenance index"]
	if !p.About || p.Builder != "https://ci.example/runner" || p.Source != "https://git.example/team/app" || !p.Complete {
		t.Errorf("the provenance says %+v", p)
	}
	if !slices.Equal(p.Images, []string{"debian:12@sha256:aaaa", "ghcr.io/team/tool:1@sha256:bbbb"}) || !slices.Equal(p.Parameters, []string{"NPM_TOKEN"}) {
		t.Errorf("materials %v, parameters %v", p.Images, p.Parameters)
	}
	if copied := found["provenance tag"]; copied.About || copied.Source != "https://git.example/x" || copied.Envelope == nil {
		t.Errorf("the copied provenance says %+v", copied)
	}
	if vsa := found["vsa referrer"]; !vsa.About {
		t.Errorf("what is about the index is not taken to be about the image: %+v", vsa)
	}
}

func mustHash(t *testing.T, s string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWhatCannotBeReadIsToldAndNotTakenForAbsent(t *testing.T) {
	r := registrytest.New(t)
	c := newClient(t)
	img := image(t, 1, 100, "linux", "amd64")
	r.Push(t, "app:1", img)
	subject := gate.AttachmentSubject{Repository: r.Host + "/app", Digest: digest(t, img)}
	if s := c.Attached(t.Context(), subject); len(s.Problems) != 0 || len(s.Attachments) != 0 {
		t.Errorf("nothing attached reads as %+v", s)
	}
	hostile := carrier(t, "application/vnd.in-toto+json", "not JSON", `{"predicateType":"https://slsa.dev/provenance/v1","predicate":[1]}`, strings.Repeat("[", 100_000))
	r.Push(t, "app:"+strings.Replace(subject.Digest, ":", "-", 1)+".att", hostile)
	s := c.Attached(t.Context(), subject)
	if len(s.Attachments) != 3 || slices.ContainsFunc(s.Attachments, func(a gate.Attachment) bool { return a.Problem == "" || a.About }) {
		t.Errorf("hostile attachments read as %+v", s.Attachments)
	}
	subject.Repository = "127.0.0.1:1/app"
	if s := newClient(t).Attached(t.Context(), subject); len(s.Problems) == 0 {
		t.Error("a registry that is away has nothing attached")
	}
}
