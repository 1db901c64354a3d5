package sign

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/dsse"

	"github.com/imagegate/imagegate/internal/gate"
)

// Keys verifies what others signed with the keys and identities a policy names.
// It implements gate.Keys.
type Keys struct {
	VerifyOptions
	// Trust is the Sigstore whose certificates, logs and timestamps count
	// for signatures by an identity; nil: none does.
	Trust root.TrustedMaterial
}

// LoadTrust reads a Sigstore trusted root from a file (TUF's trusted_root.json).
// The error is CodeInvalid and names the file.
func LoadTrust(file string) (root.TrustedMaterial, error) {
	trust, err := root.NewTrustedRootFromPath(file)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the trusted root "+file+" cannot be used: expected Sigstore's trusted_root.json", err)
	}
	return trust, nil
}

// SignedBy looks for a signature of repository@digest by one of the keys, in
// both layouts. It returns that key's name, or why there is none; an error
// means that not everything could be looked at.
func (k Keys) SignedBy(ctx context.Context, keys []gate.NamedKey, repository, digest string) (by, reason string, err error) {
	var reasons []string
	for _, key := range keys {
		r, err := k.verify(ctx, key, repository, digest)
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

func (k Keys) verify(ctx context.Context, key gate.NamedKey, repository, digest string) (Result, error) {
	if key.Issuer != "" {
		return k.verifyIdentity(ctx, key, repository, digest)
	}
	v, err := NewVerifier([]byte(key.PEM), k.VerifyOptions)
	if err != nil {
		return Result{}, err
	}
	return v.Verify(ctx, repository, digest)
}

// verifyIdentity looks for a keyless signature, in both layouts.
func (k Keys) verifyIdentity(ctx context.Context, key gate.NamedKey, repository, digest string) (Result, error) {
	if k.Trust == nil {
		return Result{Reason: "the policy names an identity, and the gate was given no --trusted-root to verify it by"}, nil
	}
	t, err := newTarget(ctx, k.Remote, k.Insecure, repository, digest)
	if err != nil {
		return Result{}, err
	}
	sigs, err := t.readTag()
	if err != nil {
		return Result{}, err
	}
	if slices.ContainsFunc(sigs, func(s oci.Signature) bool { return k.identityOf(t, key, s) }) {
		return Result{Verified: true, Layouts: []Layout{LayoutTag}}, nil
	}
	bundles, _, err := t.readBundles()
	if err != nil {
		return Result{}, err
	}
	others := len(sigs) + len(bundles)
	for _, b := range bundles {
		if k.identityOfBundle(t, key, b) {
			return Result{Verified: true, Layouts: []Layout{LayoutBundle}}, nil
		}
	}
	if others > 0 {
		return Result{Reason: fmt.Sprintf("%d signatures are there, and none is by %s for this digest", others, key.Name)}, nil
	}
	return Result{Reason: "there is no signature"}, nil
}

// options are cosign's for an identity. The time of signing is told by the
// transparency log or by a timestamp, of which either will do.
func (k Keys) options(key gate.NamedKey, timestamps bool) *cosign.CheckOpts {
	return &cosign.CheckOpts{
		ClaimVerifier: cosign.SimpleClaimVerifier, TrustedMaterial: k.Trust, Offline: true,
		Identities: []cosign.Identity{{Issuer: key.Issuer, Subject: key.Subject}},
		IgnoreSCT:  len(k.Trust.CTLogs()) == 0, IgnoreTlog: timestamps, UseSignedTimestamps: timestamps,
	}
}

func (k Keys) identityOf(t *target, key gate.NamedKey, s oci.Signature) bool {
	a, err := s.Annotations()
	if err != nil || a[annotationCertificate] == "" {
		return false
	}
	return verifySignature(t, s, k.options(key, false)) == nil ||
		(a[annotationTimestamp] != "" && verifySignature(t, s, k.options(key, true)) == nil)
}

// verifySignature asks cosign, which v2.6.5 has panic on a timestamp that no
// authority of the trusted root made.
func verifySignature(t *target, s oci.Signature, o *cosign.CheckOpts) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cosign cannot read the signature: %v", p)
		}
	}()
	_, err = cosign.VerifyImageSignature(t.ctx, s, t.hash, o)
	return err
}

func (k Keys) identityOfBundle(t *target, key gate.NamedKey, data []byte) bool {
	for _, timestamps := range []bool{false, true} {
		o := k.options(key, timestamps)
		o.NewBundleFormat = true
		if ok, _ := t.verifyBundleWith(data, o); ok {
			return true
		}
	}
	return false
}

// Envelope reports whether one of the keys signed a DSSE envelope.
func (k Keys) Envelope(keys []gate.NamedKey, envelope []byte) bool {
	return slices.ContainsFunc(keys, func(key gate.NamedKey) bool {
		v, err := readVerifier([]byte(key.PEM))
		return key.PEM != "" && err == nil && verifyEnvelope(v, envelope) == nil
	})
}

func verifyEnvelope(v signature.Verifier, envelope []byte) error {
	return dsse.WrapVerifier(v).VerifySignature(bytes.NewReader(envelope), nil)
}
