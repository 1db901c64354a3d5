package gate

import (
	"context"
	"fmt"
)

// The annotations a signature carries, beside what the caller adds.
const (
	AnnotationPolicy  = "dev.imagegate.policy"
	AnnotationVerdict = "dev.imagegate.verdict"
)

// sign signs what a stored verdict passed, and stores the outcome beside it.
// A failing verdict is refused, which is no error. The verdict is already
// stored when sign begins, so a crash from here on leaves at worst a verdict
// without a signature, which asking again mends.
func (s *Service) sign(ctx context.Context, v Verdict, final bool) (Verdict, error) {
	state, err := s.signature(ctx, v)
	if err != nil {
		if ctx.Err() != nil || (!final && Retryable(err)) {
			return Verdict{}, err
		}
		if s.Logger != nil {
			s.Logger.Error("signing ended early", "image", v.Image, "digest", v.Digest, "error", err)
		}
		state = SignatureState{State: Refused, Reason: message(err)}
	}
	v.Signature = state
	return v, s.Store.RecordSignature(ctx, v.ID, state)
}

// signature signs if everything promise 1 asks for holds.
func (s *Service) signature(ctx context.Context, v Verdict) (SignatureState, error) {
	refuse := func(format string, args ...any) (SignatureState, error) {
		return SignatureState{State: Refused, Reason: fmt.Sprintf(format, args...)}, nil
	}
	if v.Decision != Pass {
		return refuse("the verdict is %s", v.Decision)
	}
	if v.Expired(s.Now()) {
		return refuse("the verdict expired at %s: ask for a new one", v.ExpiresAt)
	}
	if s.Signer == nil {
		return refuse("this gate holds no signing key: start it with --key")
	}
	ref, err := ParseReference(v.Image)
	if err != nil {
		return SignatureState{}, err
	}
	if ref.Scheme != SchemeRegistry {
		return refuse("%s is not in a registry, and signatures are kept beside the image", v.Image)
	}
	// A caller may ask for a verdict under any policy; what is signed passed
	// the one in force.
	inForce, err := s.Policies.Select("", ref)
	if err != nil {
		return SignatureState{}, err
	}
	if inForce.Ref().Digest != v.Policy.Digest {
		return refuse("the verdict is under policy %s, and %s is in force for %s", v.Policy.Name, inForce.Ref().Name, ref.Repository)
	}
	// What is stored counts, not the verdict in hand, and of this repository:
	// a waiver for another does not sign here.
	standing, err := s.Store.Standing(ctx, ref.Repository, v.Digest, v.Policy.Digest)
	if err != nil {
		return SignatureState{}, err
	}
	if standing == nil || standing.Decision != Pass || !s.Now().Before(standing.ExpiresAt) {
		return refuse("the latest stored verdict on %s under policy %s is not an unexpired pass", ref.At(v.Digest), v.Policy.Name)
	}
	name, err := s.Signer.Sign(ctx, SignRequest{
		Repository: ref.Repository, Digest: v.Digest,
		Annotations: map[string]string{AnnotationPolicy: v.Policy.Name + "@" + v.Policy.Digest, AnnotationVerdict: v.ID},
	})
	if err != nil {
		return SignatureState{}, err
	}
	return SignatureState{State: Signed, Reference: name}, nil
}

// SignDigest signs a digest that holds a passing, unexpired verdict under the
// named policy ("" selects by repository). CodeConflict says why it may not be
// signed.
func (s *Service) SignDigest(ctx context.Context, repository, digest, policyName string) (Verdict, error) {
	ref, err := ParseReference(repository + "@" + digest)
	if err != nil {
		return Verdict{}, err
	}
	policy, err := s.Policies.Select(policyName, ref)
	if err != nil {
		return Verdict{}, err
	}
	standing, err := s.Store.Standing(ctx, ref.Repository, digest, policy.Ref().Digest)
	if err != nil {
		return Verdict{}, err
	}
	var v *Verdict
	if standing != nil {
		if v, err = s.Store.Verdict(ctx, standing.VerdictID); err != nil {
			return Verdict{}, err
		}
	}
	if v == nil {
		return Verdict{}, NewError(CodeConflict, fmt.Sprintf("%s has no verdict under policy %s: ask for one with POST /v1/evaluations", ref.Name, policy.Ref().Name), nil)
	}
	asked := *v
	asked.Image = ref.Name
	state, err := s.signature(ctx, asked)
	if err != nil {
		return Verdict{}, err
	}
	if state.State != Signed {
		return Verdict{}, NewError(CodeConflict, fmt.Sprintf("%s is not signed: %s", ref.Name, state.Reason), nil)
	}
	v.Signature = state
	return *v, s.Store.RecordSignature(ctx, v.ID, state)
}
