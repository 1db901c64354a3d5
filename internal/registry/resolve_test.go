package registry_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

func TestResolveAsksForATagOnceAndNeverForALayer(t *testing.T) {
	r := registrytest.New(t)
	img := image(t, 3, 4096, "linux", "amd64")
	ref := r.Push(t, "team/app:v1", img)
	got := resolve(t, newClient(t), ref)

	if got.Digest != digest(t, img) || len(got.Images) != 1 {
		t.Fatalf("resolved to %s with %d images", got.Digest, len(got.Images))
	}
	config, _ := img.ConfigName()
	n := r.Counts()
	if n.Manifests != 1 || n.References["v1"] != 1 {
		t.Errorf("manifest requests %v, want one, for the tag", n.References)
	}
	if len(n.Blobs) != 1 || n.Blobs[config.String()] != 1 {
		t.Errorf("blob requests %v, want one, for the config", n.Blobs)
	}
	if n.Pings != 1 || n.Other != 0 {
		t.Errorf("%d pings and %d other requests", n.Pings, n.Other)
	}
	e := got.Images[0].Evidence
	if e.Platform != "linux/amd64" || e.Config.User != "65532" || len(e.Manifest.Layers) != 3 || len(e.Config.DiffIDs) != 3 || e.Digest != got.Digest {
		t.Errorf("evidence %+v", e)
	}
}

func TestResolveADigestThatATagMovedAwayFrom(t *testing.T) {
	r := registrytest.New(t)
	old := image(t, 1, 100, "linux", "amd64")
	r.Push(t, "app:v1", old)
	r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
	got := resolve(t, newClient(t), r.Host+"/app:v1@"+digest(t, old))
	if got.Digest != digest(t, old) {
		t.Errorf("resolved to %s", got.Digest)
	}
	if n := r.Counts(); n.References["v1"] != 0 {
		t.Error("the tag beside a digest was asked for")
	}
}

func TestASecondLookUpCostsNoPing(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "app:v1", image(t, 1, 100, "linux", "amd64"))
	c := newClient(t)
	resolve(t, c, ref)
	r.Reset()
	resolve(t, c, ref)
	if n := r.Counts(); n.Pings != 0 || n.Total() != 2 {
		t.Errorf("the second look-up made %d requests, %d of them pings", n.Total(), n.Pings)
	}
}

func TestResolveIndex(t *testing.T) {
	amd64, arm64, arm := image(t, 1, 100, "linux", "amd64"), image(t, 1, 100, "linux", "arm64"), image(t, 1, 100, "linux", "arm")
	windows, attestation := image(t, 1, 100, "windows", "amd64"), image(t, 1, 100, "", "")
	byAnnotation := platformed(attestation, "unknown", "unknown", "")
	byAnnotation.Descriptor.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	idx := index(platformed(amd64, "linux", "amd64", ""), byAnnotation, platformed(arm64, "linux", "arm64", "v8"), platformed(arm, "linux", "arm", "v7"), platformed(windows, "windows", "amd64", ""))

	for _, tt := range []struct {
		name      string
		platforms []string
		images    []v1.Image
	}{
		{"without platforms every image is read, and attestations are not", nil, []v1.Image{amd64, arm64, arm, windows}},
		{"one platform reads one image", []string{"linux/amd64"}, []v1.Image{amd64}},
		{"arm64 means arm64/v8", []string{"linux/arm64"}, []v1.Image{arm64}},
		{"arm64/v8 may be asked for in full", []string{"linux/arm64/v8"}, []v1.Image{arm64}},
		{"a platform without variant takes any", []string{"linux/arm"}, []v1.Image{arm}},
		{"several platforms keep the order of the index", []string{"linux/arm64", "linux/amd64"}, []v1.Image{amd64, arm64}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := registrytest.New(t)
			ref := r.Push(t, "app:v1", idx)
			got := resolve(t, newClient(t), ref, tt.platforms...)
			var want, have []string
			for _, img := range tt.images {
				want = append(want, digest(t, img))
			}
			for _, img := range got.Images {
				have = append(have, img.Digest)
			}
			if !slices.Equal(have, want) {
				t.Errorf("images %v, want %v", have, want)
			}
			if got.Digest != digest(t, idx) || len(got.Index) != 5 {
				t.Errorf("digest %s, %d entries", got.Digest, len(got.Index))
			}
			if role := got.Index[1].Role; role != "attestation" {
				t.Errorf("BuildKit's attestation manifest has role %q", role)
			}
			n := r.Counts()
			if n.Manifests != 1+len(tt.images) || len(n.Blobs) != len(tt.images) {
				t.Errorf("%d manifest and %d blob requests for %d images", n.Manifests, len(n.Blobs), len(tt.images))
			}
			for _, e := range got.Index {
				wanted := slices.Contains(want, e.Digest)
				if e.Role == "image" && (e.Skipped == "") != wanted {
					t.Errorf("%s: skipped %q", e.Platform, e.Skipped)
				}
			}
		})
	}
}

func TestIndexesThatCannotBeJudgedAreRefusedWithWords(t *testing.T) {
	amd64 := image(t, 1, 100, "linux", "amd64")
	inner := index(platformed(amd64, "linux", "amd64", ""))
	onlyAttestation := platformed(amd64, "unknown", "unknown", "")
	many := make([]mutate.IndexAddendum, 257)
	for i := range many {
		many[i] = platformed(amd64, "linux", "amd64", "")
	}
	for _, tt := range []struct {
		name      string
		index     v1.ImageIndex
		platforms []string
		code      gate.Code
		words     string
	}{
		{"an empty index", index(), nil, gate.CodeInvalid, "the index holds no image"},
		{"an index of attestations only", index(onlyAttestation), nil, gate.CodeInvalid, "the index holds no image"},
		{"an index inside an index", index(mutate.IndexAddendum{Add: inner}), nil, gate.CodeInvalid, "the index holds another index"},
		{"a platform that is not there", inner, []string{"linux/amd64", "linux/s390x"}, gate.CodeInvalid, "no image for linux/s390x; the index has linux/amd64"},
		{"more children than any real index has", index(many...), nil, gate.CodeLimit, "257 manifests"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := registrytest.New(t)
			ref := r.Push(t, "app:v1", tt.index)
			refused(t, newClient(t), ref, tt.platforms, tt.code, ref, tt.words)
		})
	}
}

func TestAChildThatIsListedAndMissingIsNamed(t *testing.T) {
	r := registrytest.New(t)
	amd64, arm64 := image(t, 1, 100, "linux", "amd64"), image(t, 1, 100, "linux", "arm64")
	ref := r.Push(t, "app:v1", index(platformed(amd64, "linux", "amd64", ""), platformed(arm64, "linux", "arm64", "")))
	r.Inject(registrytest.Fault{Kind: registrytest.Manifest, Reference: digest(t, arm64), Status: 404})
	refused(t, newClient(t), ref, nil, gate.CodeNotFound, digest(t, arm64), "linux/arm64", "push that image again")
}

func TestASingleImageForAnotherPlatformIsRefused(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "app:v1", image(t, 1, 100, "linux", "arm64"))
	refused(t, newClient(t), ref, []string{"linux/amd64"}, gate.CodeInvalid, "linux/arm64 only", "linux/amd64")
}

func TestWhatIsNotAnImageIsDescribed(t *testing.T) {
	r := registrytest.New(t)
	ref := r.Push(t, "chart:v1", raw{`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x.chart",
		"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`, types.OCIManifestSchema1})
	got := resolve(t, newClient(t), ref)
	if e := got.Images[0].Evidence; e.Manifest.ArtifactType != "application/x.chart" || got.Images[0].RawConfig != nil {
		t.Errorf("evidence %+v", e)
	}
	if n := r.Counts(); len(n.Blobs) != 0 {
		t.Errorf("blobs were asked for: %v", n.Blobs)
	}
}

func TestLyingRegistriesAreFoundOut(t *testing.T) {
	img := image(t, 1, 100, "linux", "amd64")
	rawManifest, _ := img.RawManifest()
	rawConfig, _ := img.RawConfigFile()
	config, _ := img.ConfigName()
	for _, tt := range []struct {
		name  string
		at    func(host string) string
		fault registrytest.Fault
		words string
	}{
		{
			"another manifest for a digest", func(host string) string { return host + "/app@" + digest(t, img) },
			registrytest.Fault{Kind: registrytest.Manifest, Body: append([]byte(" "), rawManifest...)}, "the registry lies or is damaged",
		},
		{
			"another config", func(host string) string { return host + "/app:v1" },
			registrytest.Fault{Kind: registrytest.Blob, Reference: config.String(), Body: append([]byte(" "), rawConfig...)}, "the config served for " + config.String(),
		},
		{
			"a manifest that is not JSON", func(host string) string { return host + "/app:v1" },
			registrytest.Fault{Kind: registrytest.Manifest, Body: []byte("<html>captive portal</html>")}, "the manifest cannot be read",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := registrytest.New(t)
			r.Push(t, "app:v1", img)
			r.Inject(tt.fault)
			refused(t, newClient(t), tt.at(r.Host), nil, gate.CodeInvalid, tt.words)
		})
	}
}

func TestDescriptorsThatStateAnotherSizeAreRefused(t *testing.T) {
	img := image(t, 1, 100, "linux", "amd64")
	r := registrytest.New(t)
	r.Push(t, "app:v1", img)
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	r.Push(t, "app:config", raw{fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
		"config":{"mediaType":%q,"digest":%q,"size":%d},"layers":[]}`, m.Config.MediaType, m.Config.Digest, m.Config.Size+1), types.OCIManifestSchema1})
	r.Push(t, "app:index", raw{fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
		"manifests":[{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":%q,"size":1}]}`, digest(t, img)), types.OCIImageIndex})
	c := newClient(t)
	refused(t, c, r.Host+"/app:config", nil, gate.CodeInvalid, "bytes, its descriptor says")
	refused(t, c, r.Host+"/app:index", nil, gate.CodeInvalid, "bytes, its descriptor says 1")
}

func TestBadDigestsNeverBecomeAURL(t *testing.T) {
	for _, bad := range []string{"sha256:../../../secret/manifests/latest", "sha256:", "md5:0123", "sha256:ABC", "latest", "sha256:00?x=y", ""} {
		t.Run(fmt.Sprintf("%q", bad), func(t *testing.T) {
			r := registrytest.New(t)
			config := r.Push(t, "app:config", raw{fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
				"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":2},"layers":[]}`, bad), "application/x-unchecked"})
			child := r.Push(t, "app:child", raw{fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
				"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":2,"platform":{"os":"linux","architecture":"amd64"}}]}`, bad), "application/x-unchecked"})
			c := newClient(t)
			refused(t, c, config, nil, gate.CodeInvalid, "is not a digest")
			refused(t, c, child, nil, gate.CodeInvalid, "is not a digest")
			_, err := c.Blobs(r.Host+"/app").Open(t.Context(), 0, gate.Descriptor{Digest: bad})
			expectError(t, err, gate.CodeInvalid, "is not a digest")
			if n := r.Counts(); n.Pings+n.References["config"]+n.References["child"] != n.Total() {
				t.Errorf("it was asked for: %+v", n)
			}
		})
	}
}

func TestObjectsLargerThanAnyRealOneAreRefused(t *testing.T) {
	big := make([]byte, 20<<20)
	for i := range big {
		big[i] = ' '
	}
	img := image(t, 1, 100, "linux", "amd64")
	config, _ := img.ConfigName()
	t.Run("a manifest of 20 MB", func(t *testing.T) {
		r := registrytest.New(t)
		ref := r.Push(t, "app:v1", img)
		r.Inject(registrytest.Fault{Kind: registrytest.Manifest, Body: big})
		refused(t, newClient(t), ref, nil, gate.CodeLimit, "read the manifest of", "larger than 4194304 bytes")
	})
	t.Run("a config of 20 MB", func(t *testing.T) {
		r := registrytest.New(t)
		ref := r.Push(t, "app:v1", img)
		r.Inject(registrytest.Fault{Kind: registrytest.Blob, Reference: config.String(), Body: big})
		refused(t, newClient(t), ref, nil, gate.CodeLimit, "read the config", "larger than 8388608 bytes")
	})
	t.Run("a config whose descriptor says so is not asked for", func(t *testing.T) {
		r := registrytest.New(t)
		sum := sha256.Sum256(big)
		ref := r.Push(t, "app:v1", raw{fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
			"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[]}`, hex.EncodeToString(sum[:]), len(big)), types.OCIManifestSchema1})
		refused(t, newClient(t), ref, nil, gate.CodeLimit, "the config has 20971520 bytes")
		if n := r.Counts(); len(n.Blobs) != 0 {
			t.Error("it was asked for")
		}
	})
	t.Run("the bounds can be set", func(t *testing.T) {
		r := registrytest.New(t)
		ref := r.Push(t, "app:v1", img)
		refused(t, newClient(t, func(o *registry.Options) { o.MaxManifest = 10 }), ref, nil, gate.CodeLimit)
		refused(t, newClient(t, func(o *registry.Options) { o.MaxConfig = 10 }), ref, nil, gate.CodeLimit)
	})
}
