package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxAttachments bounds how many attachments of one image are read.
const maxAttachments = 32

// Attached implements gate.Attachments.
func (c *Client) Attached(ctx context.Context, subject gate.AttachmentSubject) *gate.Supply {
	supply := &gate.Supply{}
	repo, err := c.repository(subject.Repository)
	if err != nil {
		supply.Problems = []string{err.Error()}
		return supply
	}
	f := &finder{ctx: ctx, source: &remoteSource{client: c, repo: repo}, subject: subject, supply: supply, seen: map[string]bool{}}
	for _, digest := range subject.Attestations {
		f.manifest(gate.PlaceIndex, digest, "")
	}
	for _, digest := range f.digests() {
		f.referrers(digest)
		for _, suffix := range []string{".sig", ".att", ".sbom"} {
			f.tag(tagOf(digest) + suffix)
		}
	}
	return supply
}

// tagOf is the tag that stands for a digest where there is no referrers API
// (distribution-spec, "Referrers Tag Schema"), and before cosign's suffixes.
func tagOf(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// finder gathers the attachments of one image.
type finder struct {
	ctx     context.Context //nolint:containedctx // one call's, never kept
	source  *remoteSource
	subject gate.AttachmentSubject
	supply  *gate.Supply
	seen    map[string]bool // manifests
}

// digests are those an attachment may be about: the image's and its index's.
func (f *finder) digests() []string {
	out := []string{f.subject.Digest}
	if f.subject.Index != "" && f.subject.Index != f.subject.Digest {
		out = append(out, f.subject.Index)
	}
	return out
}

func (f *finder) problem(format string, args ...any) {
	if len(f.supply.Problems) < 20 {
		f.supply.Problems = append(f.supply.Problems, fmt.Sprintf(format, args...))
	}
}

// get reads a manifest or list; nil when it is not there.
func (f *finder) get(path, doing string) []byte {
	body, _, err := f.source.get(f.ctx, path, accepted, f.source.client.MaxManifest, doing)
	if err != nil {
		if gate.CodeOf(err) != gate.CodeNotFound {
			f.problem("%v", err)
		}
		return nil
	}
	return body
}

// referrers lists what refers to a digest (distribution-spec, "Listing
// Referrers").
func (f *finder) referrers(digest string) {
	body := f.get("referrers/"+digest, "list the referrers of "+digest)
	if body == nil {
		body = f.get("manifests/"+tagOf(digest), "read the referrers' tag of "+digest)
	}
	if body == nil {
		return
	}
	list, err := parseManifest(body)
	if err != nil {
		f.problem("the list of referrers of %s cannot be read", digest)
		return
	}
	for _, d := range list.Manifests {
		if _, err := blobName(d.Digest); err != nil {
			f.problem("the list of referrers of %s names the digest %.100q", digest, d.Digest)
			continue
		}
		f.manifest(gate.PlaceReferrer, d.Digest, d.ArtifactType)
	}
}

// tag reads what lies under one of cosign's tags.
func (f *finder) tag(tag string) {
	if body := f.get("manifests/"+tag, "read the tag "+tag); body != nil {
		f.open(gate.PlaceTag, sha256Of(body), "", body)
	}
}

// manifest reads an attachment by its digest.
func (f *finder) manifest(place, digest, artifactType string) {
	if f.seen[digest] {
		return
	}
	f.seen[digest] = true
	body := f.get("manifests/"+digest, "read the attachment "+digest)
	switch {
	case body == nil:
	case sha256Of(body) != digest:
		f.problem("the registry serves another manifest for the attachment %s", digest)
	default:
		f.open(place, digest, artifactType, body)
	}
}

// open reads what an attachment's manifest carries. One manifest may carry
// several: BuildKit's has one layer for each statement, cosign's tags one for
// each signature.
func (f *finder) open(place, digest, artifactType string, body []byte) {
	m, err := parseManifest(body)
	if err != nil {
		f.problem("the attachment %s is not a manifest", digest)
		return
	}
	if m.ArtifactType != "" {
		artifactType = m.ArtifactType
	}
	for _, l := range m.Layers {
		if len(f.supply.Attachments) >= maxAttachments {
			f.supply.Truncated = true
			return
		}
		a := gate.Attachment{Place: place, Digest: digest, MediaType: fmt.Sprintf("%.150s", l.MediaType), PredicateType: fmt.Sprintf("%.200s", predicateOf(l, m)), Kind: gate.AttachmentOther}
		f.layer(&a, l, artifactType)
		f.supply.Attachments = append(f.supply.Attachments, a)
	}
}

// predicateOf is what annotations say of a statement, for those that are not
// opened: BuildKit's, cosign's, and the bundle's.
func predicateOf(l descriptor, m manifest) string {
	return cmp.Or(l.Annotations["in-toto.io/predicate-type"], l.Annotations["predicateType"], m.Annotations["dev.sigstore.bundle.predicateType"])
}

// layer reads one attachment by its media type.
func (f *finder) layer(a *gate.Attachment, l descriptor, artifactType string) {
	mt := l.MediaType
	switch {
	case mt == "application/vnd.dev.cosign.simplesigning.v1+json":
		a.Kind = gate.AttachmentSignature
	case mt == "application/vnd.in-toto+json":
		f.statement(a, f.blob(a, l))
	case mt == "application/vnd.dsse.envelope.v1+json":
		f.envelope(a, f.blob(a, l))
	case strings.HasPrefix(mt, "application/vnd.dev.sigstore.bundle"):
		var bundle struct {
			Envelope  json.RawMessage `json:"dsseEnvelope"`
			Signature json.RawMessage `json:"messageSignature"`
		}
		body := f.blob(a, l)
		switch {
		case body == nil:
		case json.Unmarshal(body, &bundle) != nil:
			a.Problem = "it is not a Sigstore bundle"
		case bundle.Envelope != nil:
			f.envelope(a, bundle.Envelope)
		case bundle.Signature != nil:
			a.Kind = gate.AttachmentSignature
		}
	case isSBOM(mt), isSBOM(artifactType):
		a.Kind = gate.AttachmentSBOM // as it is, without a statement about what
	}
	if a.Kind == gate.AttachmentOther {
		a.Kind = kindOf(a.PredicateType)
	}
}

// blob reads an attachment's content; nil, with the reason in a.Problem, when
// that cannot be done.
func (f *finder) blob(a *gate.Attachment, l descriptor) []byte {
	if l.Size > f.source.client.MaxConfig {
		a.Problem = fmt.Sprintf("it has %d bytes, more than %d, and was not opened", l.Size, f.source.client.MaxConfig)
		return nil
	}
	body, err := f.source.blob(f.ctx, l.toGate())
	if err == nil {
		if wrong := l.differs(body); wrong != "" {
			err = fmt.Errorf("the attachment %s %s", l.Digest, wrong)
		}
	}
	if err != nil {
		a.Problem = fmt.Sprintf("%.300s", err.Error())
		return nil
	}
	return body
}
