package sign

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/dsse"

	"github.com/imagegate/imagegate/internal/gate"
)

const (
	// signPredicate is the predicate type of a signature, as opposed to an
	// attestation.
	signPredicate = "https://sigstore.dev/cosign/sign/v1"
	// statementType is in-toto's Statement v1.
	statementType = "https://in-toto.io/Statement/v1"
	inTotoPayload = "application/vnd.in-toto+json"
)

// statement is an in-toto Statement v1 without predicate, as far as signatures
// need it.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
}

type subject struct {
	Digest      map[string]string `json:"digest"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// makeBundle makes the bundle that says "signed": byte-stable for the same
// digest, annotations and key where the key's algorithm is.
func (t *target) makeBundle(key *Key, annotations map[string]string) ([]byte, error) {
	return t.bundle(key, signPredicate, annotations)
}

func (t *target) bundle(key *Key, predicate string, annotations map[string]string) ([]byte, error) {
	body, err := json.Marshal(statement{
		Type:          statementType,
		Subject:       []subject{{Digest: map[string]string{t.hash.Algorithm: t.hash.Hex}, Annotations: annotations}},
		PredicateType: predicate,
	})
	if err != nil {
		return nil, err
	}
	envelope, err := dsse.WrapSigner(key.signer, inTotoPayload).SignMessage(bytes.NewReader(body))
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the key did not sign", err)
	}
	public, err := key.signer.PublicKey()
	if err != nil {
		return nil, err
	}
	made, err := cbundle.MakeNewBundle(public, nil, body, envelope, key.public, nil)
	if err != nil {
		return nil, err
	}
	// protojson varies its white space on purpose; compact JSON does not.
	var compact bytes.Buffer
	if err := json.Compact(&compact, made); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

// verifyBundle says whether a bundle is a signature of the digest by the key.
// reason says why not.
func (t *target) verifyBundle(data []byte, key signature.Verifier) (ok bool, reason string) {
	return t.verifyBundleWith(data, &cosign.CheckOpts{SigVerifier: key, IgnoreTlog: true, Offline: true, IgnoreSCT: true, TrustedMaterial: &root.BaseTrustedMaterial{}, NewBundleFormat: true})
}

func (t *target) verifyBundleWith(data []byte, o *cosign.CheckOpts) (ok bool, reason string) {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(data); err != nil {
		return false, "a bundle that cannot be read"
	}
	envelope, err := b.Envelope()
	if err != nil || envelope == nil {
		return false, "a bundle without a DSSE envelope"
	}
	found, err := envelope.Statement()
	if err != nil {
		return false, "a bundle without an in-toto statement"
	}
	if found.GetPredicateType() != signPredicate {
		return false, "an attestation of type " + printable(found.GetPredicateType()) + ", which is not a signature"
	}
	digest, err := hex.DecodeString(t.hash.Hex)
	if err != nil {
		return false, "a digest that is not hexadecimal"
	}
	if _, err = cosign.VerifyNewBundle(t.ctx, o, verify.WithArtifactDigest(t.hash.Algorithm, digest), b); err != nil {
		return false, "a bundle that this key did not sign for this digest"
	}
	return true, ""
}

// printable bounds text that others wrote.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return s
}
