package sign

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/dsse"

	"github.com/imagegate/imagegate/internal/gate"
)

// Keys verifies what others signed with the keys a policy names. It implements
// gate.Keys.
type Keys struct{ VerifyOptions }

// SignedBy looks for a signature of repository@digest by one of the keys, in
// both layouts. It returns that key's name, or why there is none; an error
// means that not everything could be looked at.
func (k Keys) SignedBy(ctx context.Context, keys []gate.NamedKey, repository, digest string) (by, reason string, err error) {
	var reasons []string
	for _, key := range keys {
		v, err := NewVerifier([]byte(key.PEM), k.VerifyOptions)
		if err != nil {
			return "", "", err
		}
		r, err := v.Verify(ctx, repository, digest)
		if err != nil {
			return "", "", err
		}
		if r.Verified {
			return key.Name, "", nil
		}
		if !slices.Contains(reasons, r.Reason) {
			reasons = append(reasons, r.Reason)
		}
	}
	return "", strings.Join(reasons, "; "), nil
}

// Envelope reports whether one of the keys signed a DSSE envelope.
func (k Keys) Envelope(keys []gate.NamedKey, envelope []byte) bool {
	return slices.ContainsFunc(keys, func(key gate.NamedKey) bool {
		v, err := readVerifier([]byte(key.PEM))
		return err == nil && verifyEnvelope(v, envelope) == nil
	})
}

func verifyEnvelope(v signature.Verifier, envelope []byte) error {
	return dsse.WrapVerifier(v).VerifySignature(bytes.NewReader(envelope), nil)
}
