package gate

import (
	"cmp"
	"context"
	"fmt"
)

// Verification is the answer to: does this image carry the gate's signature,
// and an unexpired pass? Both are needed.
type Verification struct {
	Image    string `json:"image"`
	Digest   string `json:"digest"`
	Accepted bool   `json:"accepted"`
	// Signature says whether the registry holds a valid one, and Verdict
	// whether the store holds an unexpired pass.
	Signature Finding `json:"signature"`
	Verdict   Finding `json:"verdict"`
}

// Finding is one half of a verification.
type Finding struct {
	OK bool `json:"ok"`
	// ID is the verdict's.
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Verifier looks for the gate's signature beside an image.
type Verifier interface {
	// Verified says whether there is a valid one, and if not, why. An error
	// means that it could not be found out.
	Verified(ctx context.Context, repository, digest string) (ok bool, reason string, err error)
}

// Verify holds an image against both.
func (s *Service) Verify(ctx context.Context, image, policyName string) (Verification, error) {
	out := Verification{Image: image}
	ref, err := ParseReference(image)
	if err != nil {
		return out, err
	}
	if ref.Scheme != SchemeRegistry {
		return out, NewError(CodeInvalid, fmt.Sprintf("%s is not in a registry: signatures are kept beside the image", image), nil)
	}
	if s.Verifier == nil {
		return out, NewError(CodeConflict, "this gate holds no key, so it cannot verify: start it with --key", nil)
	}
	if ref.Digest == "" {
		resolved, err := s.Resolver.Resolve(ctx, ref, nil)
		if err != nil {
			return out, err
		}
		closeBlobs(resolved)
		ref.Digest = resolved.Digest
	}
	out.Digest = ref.Digest
	if out.Signature.OK, out.Signature.Reason, err = s.Verifier.Verified(ctx, ref.Repository, ref.Digest); err != nil {
		return out, err
	}
	if out.Verdict, err = s.Passed(ctx, ref, ref.Digest, policyName); err != nil {
		return out, err
	}
	out.Accepted = out.Signature.OK && out.Verdict.OK
	return out, nil
}

// Passed says whether the store holds an unexpired pass of a digest under a
// policy ("" selects by repository). Grace is for what runs: it is no pass.
func (s *Service) Passed(ctx context.Context, ref Reference, digest, policyName string) (Finding, error) {
	policy, err := s.Policies.Select(policyName, ref)
	if err != nil {
		return Finding{}, err
	}
	ref.Digest = digest
	standing, err := s.Store.Standing(ctx, ref.Repository, digest, policy.Ref().Digest)
	if err != nil {
		return Finding{}, err
	}
	a := Admission{Policy: policy.Ref()}.judge(ref, standing, s.Now())
	out := Finding{OK: a.Allowed && standing.Decision == Pass}
	if standing != nil {
		out.ID = standing.VerdictID
	}
	if !out.OK {
		out.Reason = cmp.Or(a.Reason, a.Warning)
	}
	return out, nil
}
