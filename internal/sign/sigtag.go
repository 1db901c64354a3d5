package sign

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/mutate"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/imagegate/imagegate/internal/gate"
)

// The annotations of a .sig layer (cosign, SIGNATURE_SPEC.md).
const (
	annotationSignature   = "dev.cosignproject.cosign/signature"
	annotationCertificate = "dev.sigstore.cosign/certificate"
	annotationChain       = "dev.sigstore.cosign/chain"
	annotationRekor       = "dev.sigstore.cosign/bundle"
	annotationTimestamp   = "dev.sigstore.cosign/rfc3161timestamp"
)

// simpleSigning is the media type of a .sig layer.
const simpleSigning = types.MediaType("application/vnd.dev.cosign.simplesigning.v1+json")

// readTag reads the signatures under the digest's .sig tag; none when there is
// no such tag. Layers that are not simple signatures are left out of the
// result, and stay in the manifest.
func (t *target) readTag() ([]oci.Signature, error) {
	tag, err := ociremote.SignatureTag(t.digest, t.cosignOptions()...)
	if err != nil {
		return nil, t.problem("find the signature tag", err)
	}
	desc, err := remote.Get(tag, t.opts...)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, t.problem("read the signature tag", err)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(desc.Manifest))
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("%s is not a manifest", tag), err)
	}
	if len(manifest.Layers) > maxSignatures {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("%s holds %d signatures, more than the %d that are looked at", tag, len(manifest.Layers), maxSignatures), nil)
	}
	var out []oci.Signature
	for _, layer := range manifest.Layers {
		encoded := layer.Annotations[annotationSignature]
		if layer.MediaType != simpleSigning || encoded == "" || layer.Size > maxPayload {
			continue
		}
		body, err := t.blob(layer.Digest, maxPayload)
		if err != nil {
			return nil, err
		}
		sig, err := static.NewSignature(body, encoded, signatureOptions(layer.Annotations)...)
		if err != nil {
			continue // not a signature that anyone can verify
		}
		out = append(out, sig)
	}
	return out, nil
}

// signatureOptions are what a layer's annotations say of its signature. What
// cannot be read is left out: the signature then lacks it, and is refused.
func signatureOptions(annotations map[string]string) []static.Option {
	o := []static.Option{static.WithAnnotations(annotations)}
	if cert := annotations[annotationCertificate]; cert != "" {
		o = append(o, static.WithCertChain([]byte(cert), []byte(annotations[annotationChain])))
	}
	var rekor cbundle.RekorBundle
	if text := annotations[annotationRekor]; text != "" && json.Unmarshal([]byte(text), &rekor) == nil {
		o = append(o, static.WithBundle(&rekor))
	}
	var stamp cbundle.RFC3161Timestamp
	if text := annotations[annotationTimestamp]; text != "" && json.Unmarshal([]byte(text), &stamp) == nil {
		o = append(o, static.WithRFC3161Timestamp(&stamp))
	}
	return o
}

// verifyTag says whether one of the signatures is by the key and for the
// digest.
func (t *target) verifyTag(sigs []oci.Signature, key signature.Verifier) bool {
	for _, s := range sigs {
		if t.verifyOne(s, key) {
			return true
		}
	}
	return false
}

func (t *target) verifyOne(s oci.Signature, key signature.Verifier) bool {
	if a, err := s.Annotations(); err != nil || a[annotationCertificate] != "" {
		return false // signed by an identity, not by this key
	}
	_, err := cosign.VerifyImageSignature(t.ctx, s, t.hash, &cosign.CheckOpts{SigVerifier: key, ClaimVerifier: cosign.SimpleClaimVerifier, IgnoreTlog: true, Offline: true, IgnoreSCT: true})
	return err == nil
}

// makeTag makes the signature for the .sig tag.
func (t *target) makeTag(key *Key, annotations map[string]string) (oci.Signature, error) {
	extra := map[string]any{}
	for k, v := range annotations {
		extra[k] = v
	}
	body, err := payload.Cosign{Image: t.digest, Annotations: extra}.MarshalJSON()
	if err != nil {
		return nil, err
	}
	signed, err := key.signer.SignMessage(bytes.NewReader(body))
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the key did not sign", err)
	}
	return static.NewSignature(body, base64.StdEncoding.EncodeToString(signed))
}

// writeTag adds signatures to the .sig manifest, keeping what is there. The
// manifest is read, changed and written, so of several writers at once one
// survives: the caller reads it back.
func (t *target) writeTag(sigs ...oci.Signature) error {
	entity := ociremote.SignedUnknown(t.digest, t.cosignOptions()...)
	for _, s := range sigs {
		var err error
		if entity, err = mutate.AttachSignatureToEntity(entity, s); err != nil {
			return t.problem("add the signature", err)
		}
	}
	if err := ociremote.WriteSignatures(t.digest.Repository, entity, t.cosignOptions()...); err != nil {
		return t.problem("write the signature tag", err)
	}
	return nil
}

// tagName names the .sig tag, for people.
func (t *target) tagName() string {
	tag, err := ociremote.SignatureTag(t.digest, t.cosignOptions()...)
	if err != nil {
		return t.digest.String()
	}
	return tag.Name()
}
