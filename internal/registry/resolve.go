package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// source is where an image's objects are read from.
type source interface {
	// manifest returns the raw manifest for a tag or digest, and the media
	// type the source names for it.
	manifest(ctx context.Context, reference string) (raw []byte, mediaType string, err error)
	// blob returns a small blob whole.
	blob(ctx context.Context, d gate.Descriptor) ([]byte, error)
	blobs() gate.Blobs
}

// Resolve implements gate.Resolver.
func (c *Client) Resolve(ctx context.Context, ref gate.Reference, platforms []string) (*gate.Resolved, error) {
	switch ref.Scheme {
	case gate.SchemeRegistry:
		repo, err := c.repository(ref.Repository)
		if err != nil {
			return nil, err
		}
		asked := ref.Digest
		if asked == "" {
			asked = ref.Tag
		}
		return c.resolve(ctx, &remoteSource{client: c, repo: repo}, ref, asked, platforms)
	case gate.SchemeOCILayout:
		return c.resolveLayout(ctx, ref, platforms)
	case gate.SchemeOCIArchive, gate.SchemeDockerArchive:
		return c.resolveArchive(ctx, ref, platforms)
	}
	return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: images are not read from %q", ref, ref.Scheme), nil)
}

// resolve reads the top manifest once; everything after names digests.
func (c *Client) resolve(ctx context.Context, s source, ref gate.Reference, asked string, platforms []string) (*gate.Resolved, error) {
	raw, mediaType, err := s.manifest(ctx, asked)
	if err != nil {
		return nil, err
	}
	digest := sha256Of(raw)
	if strings.Contains(asked, ":") && digest != asked {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the manifest served for %s has digest %s; the registry lies or is damaged", ref, asked, digest), nil)
	}
	top, err := parseManifest(raw)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the manifest cannot be read", ref), err)
	}
	if top.MediaType == "" {
		top.MediaType = mediaType
	}
	out := &gate.Resolved{Digest: digest, MediaType: top.MediaType}
	if !isIndex(top) {
		img, err := c.image(ctx, s, ref, digest, raw, top)
		if err != nil {
			return nil, err
		}
		out.Images = []gate.Image{img}
		return out, c.platformOf(ref, out, platforms)
	}
	return out, c.index(ctx, s, ref, top, platforms, out)
}

// platformOf holds a single image against the platforms asked for.
func (c *Client) platformOf(ref gate.Reference, out *gate.Resolved, platforms []string) error {
	have := out.Images[0].Evidence.Platform
	if len(platforms) == 0 || have == "" || slices.ContainsFunc(platforms, func(p string) bool { return samePlatform(p, have) }) {
		return nil
	}
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s is an image for %s only; asked for %s", ref, have, strings.Join(platforms, ", ")), nil)
}

// maxChildren bounds the children of an index.
const maxChildren = 256

// index reads the wanted children of an index.
func (c *Client) index(ctx context.Context, s source, ref gate.Reference, top manifest, platforms []string, out *gate.Resolved) error {
	invalid := func(format string, args ...any) error {
		return gate.NewError(gate.CodeInvalid, ref.String()+": "+fmt.Sprintf(format, args...), nil)
	}
	if len(top.Manifests) > maxChildren {
		return gate.NewError(gate.CodeLimit, fmt.Sprintf("%s: the index lists %d manifests, more than %d", ref, len(top.Manifests), maxChildren), nil)
	}
	var have []string
	for _, child := range top.Manifests {
		entry, img, err := c.listed(ctx, s, ref, child, platforms)
		if err != nil {
			return err
		}
		out.Index = append(out.Index, entry)
		if entry.Role == roleImage {
			have = append(have, entry.Platform)
		}
		if img != nil {
			out.Images = append(out.Images, *img)
		}
	}
	if len(have) == 0 {
		return invalid("the index holds no image")
	}
	for _, p := range platforms {
		if !slices.ContainsFunc(have, func(h string) bool { return samePlatform(p, h) }) {
			return invalid("there is no image for %s; the index has %s", p, strings.Join(have, ", "))
		}
	}
	return nil
}

// listed reads one child of an index, if it is an image that is wanted.
func (c *Client) listed(ctx context.Context, s source, ref gate.Reference, child descriptor, platforms []string) (gate.IndexEntry, *gate.Image, error) {
	entry := child.entry()
	if entry.Role == roleImage && isIndexType(child.MediaType) {
		return entry, nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the index holds another index (%s), and what a runtime would take from it is not defined: name one of its images", ref, child.Digest), nil)
	}
	var img *gate.Image
	if entry.Platform == "" && isManifestType(child.MediaType) {
		// Its config says what it is and for which platform, as to a runtime.
		read, err := c.child(ctx, s, ref, child)
		if err != nil {
			return entry, nil, err
		}
		if isImageConfig(read.Evidence.Manifest.Config.MediaType) {
			entry.Role, entry.Platform = roleImage, read.Evidence.Platform
		}
		img = &read
	}
	if entry.Role != roleImage {
		return entry, nil, nil
	}
	if len(platforms) > 0 && entry.Platform != "" && !slices.ContainsFunc(platforms, func(p string) bool { return samePlatform(p, entry.Platform) }) {
		entry.Skipped = "platform not asked for"
		return entry, nil, nil
	}
	if img == nil {
		read, err := c.child(ctx, s, ref, child)
		if err != nil {
			return entry, nil, err
		}
		img = &read
	}
	return entry, img, nil
}

// differs says how bytes differ from what their descriptor states, or "". A
// descriptor without a size states none.
func (d descriptor) differs(raw []byte) string {
	if got := sha256Of(raw); got != d.Digest {
		return "has digest " + got
	}
	if d.Size > 0 && d.Size != int64(len(raw)) {
		return fmt.Sprintf("has %d bytes, its descriptor says %d", len(raw), d.Size)
	}
	return ""
}

// child reads one image of an index. A child that is listed and not there makes
// the index unusable on its platform, so it is an error of its own.
func (c *Client) child(ctx context.Context, s source, ref gate.Reference, d descriptor) (gate.Image, error) {
	if _, err := blobName(d.Digest); err != nil {
		return gate.Image{}, err // it would be taken for a tag
	}
	raw, mediaType, err := s.manifest(ctx, d.Digest)
	if err != nil {
		if gate.CodeOf(err) == gate.CodeNotFound {
			return gate.Image{}, gate.NewError(gate.CodeNotFound, fmt.Sprintf("%s: the index lists %s for %s, and the registry does not have it: push that image again", ref, d.Digest, d.platform()), err)
		}
		return gate.Image{}, err
	}
	if wrong := d.differs(raw); wrong != "" {
		return gate.Image{}, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the manifest served for %s %s", ref, d.Digest, wrong), nil)
	}
	m, err := parseManifest(raw)
	if err != nil {
		return gate.Image{}, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the manifest %s cannot be read", ref, d.Digest), err)
	}
	if m.MediaType == "" {
		m.MediaType = mediaType
	}
	img, err := c.image(ctx, s, ref, d.Digest, raw, m)
	if err == nil && img.Evidence.Platform == "" {
		img.Evidence.Platform = d.platform()
	}
	return img, err
}

// image reads the config of an image manifest. What is not an image is
// described all the same, without a config, for check META-01 to judge.
func (c *Client) image(ctx context.Context, s source, ref gate.Reference, digest string, raw []byte, m manifest) (gate.Image, error) {
	img := gate.Image{Repository: ref.Repository, Digest: digest, RawManifest: raw, Blobs: s.blobs()}
	var config []byte
	if isImageConfig(m.Config.MediaType) {
		if m.Config.Size > c.MaxConfig {
			return img, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s: the config has %d bytes, more than %d", ref, m.Config.Size, c.MaxConfig), nil)
		}
		var err error
		if config, err = s.blob(ctx, m.Config.toGate()); err != nil {
			return img, err
		}
		if wrong := m.Config.differs(config); wrong != "" {
			return img, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s: the config served for %s %s", ref, m.Config.Digest, wrong), nil)
		}
	}
	img.RawConfig = config
	var err error
	img.Evidence, err = evidence(m, raw, config, digest)
	if err != nil {
		return img, gate.NewError(gate.CodeInvalid, ref.String()+": "+err.Error(), nil)
	}
	return img, nil
}

// ImageEvidence reads manifest and config as checks see them. The error is
// CodeInvalid and names what cannot be read.
func ImageEvidence(rawManifest, rawConfig []byte, digest string) (gate.ImageEvidence, error) {
	m, err := parseManifest(rawManifest)
	if err == nil {
		var e gate.ImageEvidence
		if e, err = evidence(m, rawManifest, rawConfig, digest); err == nil {
			return e, nil
		}
	}
	return gate.ImageEvidence{}, gate.NewError(gate.CodeInvalid, "the manifest or config of "+digest+" cannot be read", err)
}

func parseManifest(raw []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, err
	}
	// One client would take it for an index and another for an image
	// (CVE-2021-41190): what one of them was told says nothing to the other.
	if m.Manifests != nil && (m.Layers != nil || m.Config.Digest != "") {
		return m, errors.New("it is an index and an image at once, and runtimes do not agree which")
	}
	return m, nil
}
