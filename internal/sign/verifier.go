package sign

import (
	"context"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/imagegate/imagegate/internal/gate"
)

// Layout says where signatures are kept.
type Layout string

// The layouts: the .sig tag, which everything reads; the bundle among the
// referrers, which is cosign v3's own; both.
const (
	LayoutTag    Layout = "sig"
	LayoutBundle Layout = "bundle"
	LayoutBoth   Layout = "both"
)

// VerifyOptions say how to reach registries.
type VerifyOptions struct {
	Remote Remote
	// Insecure are hosts that speak plain HTTP; loopback always may.
	Insecure []string
}

// Verifier finds out whether a digest is signed by one key.
type Verifier struct {
	key signature.Verifier
	VerifyOptions
}

// Result is what was found. When Verified is false, Reason says why.
type Result struct {
	Verified bool     `json:"verified"`
	Layouts  []Layout `json:"layouts"`
	Reason   string   `json:"reason,omitempty"`
	// Notes are things found beside the image that are no signature of it.
	Notes []string `json:"notes,omitempty"`
}

// NewVerifier makes a verifier for a public key in PEM. Errors are CodeInvalid.
func NewVerifier(public []byte, o VerifyOptions) (*Verifier, error) {
	key, err := readVerifier(public)
	if err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the public key cannot be read: give the PEM file that imagegate key generate wrote", err)
	}
	return &Verifier{key: key, VerifyOptions: o}, nil
}

// Verify looks for a valid signature of repository@digest. Whatever could not
// be read is an error: CodeUnavailable, CodeUnauthorized or CodeLimit; the
// answer "not signed" is given only when everything was looked at.
func (v *Verifier) Verify(ctx context.Context, repository, digest string) (Result, error) {
	t, err := newTarget(ctx, v.Remote, v.Insecure, repository, digest)
	if err != nil {
		return Result{}, err
	}
	return t.verify(v.key, LayoutBoth)
}

// verify looks where layout says.
func (t *target) verify(key signature.Verifier, layout Layout) (Result, error) {
	result := Result{Layouts: []Layout{}}
	others := 0
	if layout != LayoutBundle {
		sigs, err := t.readTag()
		if err != nil {
			return Result{}, err
		}
		if t.verifyTag(sigs, key) {
			result.Layouts = append(result.Layouts, LayoutTag)
		} else {
			others = len(sigs)
		}
	}
	if layout != LayoutTag {
		bundles, skipped, err := t.readBundles()
		if err != nil {
			return Result{}, err
		}
		result.Notes = skipped
		found := false
		for _, b := range bundles {
			ok, why := t.verifyBundle(b, key)
			if ok && !found {
				found = true
				result.Layouts = append(result.Layouts, LayoutBundle)
			}
			if !ok {
				result.Notes = append(result.Notes, why)
			}
		}
	}
	result.Verified = len(result.Layouts) > 0
	if !result.Verified {
		result.Reason = "there is no signature"
		if others > 0 {
			result.Reason = fmt.Sprintf("%d signatures are there, and none is by this key for this digest", others)
		}
		if len(result.Notes) > 0 {
			result.Reason += "; found instead: " + strings.Join(result.Notes[:min(len(result.Notes), 3)], ", ")
		}
	}
	return result, nil
}
