package sign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
)

// bundleType is the media type of a Sigstore bundle v0.3, as a layer and as an
// artifact; bundlePrefix covers other versions.
const (
	bundleType   = types.MediaType("application/vnd.dev.sigstore.bundle.v0.3+json")
	bundlePrefix = "application/vnd.dev.sigstore.bundle"
	emptyType    = types.MediaType("application/vnd.oci.empty.v1+json")
)

// readBundles reads the Sigstore bundles among the digest's referrers. Bundles
// larger than any signature are named in skipped and not fetched.
func (t *target) readBundles() (bundles [][]byte, skipped []string, err error) {
	index, err := remote.Referrers(t.digest, t.opts...)
	if err != nil {
		return nil, nil, t.problem("list the referrers", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, nil, t.problem("list the referrers", err)
	}
	n := 0
	for _, d := range manifest.Manifests {
		// Some registries list the config's type, or none, as the artifact's.
		if d.ArtifactType != "" && d.ArtifactType != string(emptyType) && !strings.HasPrefix(d.ArtifactType, bundlePrefix) {
			continue
		}
		if n++; n > maxReferrers {
			return nil, nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s has more than %d bundles among its referrers: remove those that nobody needs", t.digest, maxReferrers), nil)
		}
		data, why, err := t.readBundle(d)
		if err != nil {
			return nil, nil, err
		}
		if why != "" {
			skipped = append(skipped, why)
			continue
		}
		if data != nil {
			bundles = append(bundles, data)
		}
	}
	return bundles, skipped, nil
}

// readBundle reads one referrer's bundle; nil when it holds none. A referrer
// that is listed and gone holds no signature.
func (t *target) readBundle(d v1.Descriptor) (data []byte, skipped string, err error) {
	if d.Size > maxManifest {
		return nil, fmt.Sprintf("referrer %s has a manifest of %d bytes, which no signature needs", d.Digest, d.Size), nil
	}
	got, err := remote.Get(t.digest.Repository.Digest(d.Digest.String()), t.opts...)
	if absent(err) {
		return nil, fmt.Sprintf("referrer %s is listed and not there", d.Digest), nil
	}
	if err != nil {
		return nil, "", t.problem("read referrer "+d.Digest.String(), err)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(got.Manifest))
	if err != nil {
		return nil, fmt.Sprintf("referrer %s is not a manifest", d.Digest), nil //nolint:nilerr // what cannot be read is no signature
	}
	if len(manifest.Layers) != 1 || !strings.HasPrefix(string(manifest.Layers[0].MediaType), bundlePrefix) {
		return nil, "", nil // something else that refers to the image
	}
	layer := manifest.Layers[0]
	if layer.Size > maxBundle {
		return nil, fmt.Sprintf("referrer %s holds %d bytes, which no signature needs", d.Digest, layer.Size), nil
	}
	data, err = t.blob(layer.Digest, maxBundle)
	if err != nil && gate.CodeOf(err) == gate.CodeNotFound {
		return nil, fmt.Sprintf("referrer %s names a blob that is not there", d.Digest), nil
	}
	return data, "", err
}

// writeBundle attaches a bundle to the digest as an OCI 1.1 referrer. The
// manifest carries no time, so the same bundle is the same referrer.
func (t *target) writeBundle(data []byte) (reference string, err error) {
	image, err := remote.Head(t.digest, t.opts...)
	if err != nil {
		return "", t.problem("find the image", err)
	}
	config := static.NewLayer([]byte("{}"), emptyType)
	body := static.NewLayer(data, bundleType)
	manifest := referrer{
		ArtifactType: bundleType,
		Manifest: v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Subject: &v1.Descriptor{MediaType: image.MediaType, Digest: image.Digest, Size: image.Size},
			Annotations: map[string]string{
				"dev.sigstore.bundle.content":       "dsse-envelope",
				"dev.sigstore.bundle.predicateType": signPredicate,
			},
		},
	}
	for _, layer := range []struct {
		blob v1.Layer
		to   func(v1.Descriptor)
	}{
		{config, func(d v1.Descriptor) { d.ArtifactType = string(bundleType); manifest.Config = d }},
		{body, func(d v1.Descriptor) { manifest.Layers = []v1.Descriptor{d} }},
	} {
		if err := remote.WriteLayer(t.digest.Repository, layer.blob, t.opts...); err != nil {
			return "", t.problem("write the bundle", err)
		}
		digest, err := layer.blob.Digest()
		if err != nil {
			return "", err
		}
		size, err := layer.blob.Size()
		if err != nil {
			return "", err
		}
		mediaType, err := layer.blob.MediaType()
		if err != nil {
			return "", err
		}
		layer.to(v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size})
	}
	raw, err := manifest.RawManifest()
	if err != nil {
		return "", err
	}
	digest, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	at := t.digest.Repository.Digest(digest.String())
	if err := remote.Put(at, manifest, t.opts...); err != nil {
		return "", t.problem("write the bundle's manifest", err)
	}
	return at.String(), nil
}

// referrer is a manifest with an artifact type, which v1.Manifest lacks.
type referrer struct {
	v1.Manifest
	ArtifactType types.MediaType `json:"artifactType,omitempty"`
}

// RawManifest implements remote.Taggable.
func (r referrer) RawManifest() ([]byte, error) { return json.Marshal(r) }

// MediaType tells the registry what is written.
func (r referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
