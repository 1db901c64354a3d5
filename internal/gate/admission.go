package gate

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Admission is the answer to a cluster that asks whether an image may run. It
// rests on what is stored: no registry is asked.
type Admission struct {
	Allowed bool
	// Digest is the one the answer is about; empty when the reference leads
	// to none.
	Digest string
	// Pinned is the image as asked for with that digest, for a cluster that
	// wants to run what was decided; empty when nothing is to be added.
	Pinned string
	Policy PolicyRef
	// Reason says why it is not allowed and how to mend that.
	Reason string
	// Warning is told to the user although the image is allowed.
	Warning string
	// Undecided is true when an evaluation might change the answer: there
	// is no verdict, or it expired.
	Undecided bool
}

// Admit says whether an image may run under a policy ("" selects by
// repository). A tag stands for the digest that was decided last for it. An
// error means that the gate could not tell.
func (s *Service) Admit(ctx context.Context, image, policyName string) (Admission, error) {
	ref, err := ParseReference(image)
	if err != nil || ref.Scheme != SchemeRegistry {
		return Admission{Reason: fmt.Sprintf("%.200q is not the image of a registry: write registry/repository@sha256:…", image)}, nil //nolint:nilerr // it is the answer
	}
	policy, err := s.Policies.Select(policyName, ref)
	if err != nil {
		return Admission{Reason: message(err) + ": correct the namespace's label"}, nil //nolint:nilerr // it is the answer
	}
	a := Admission{Policy: policy.Ref()}
	if ref.Digest == "" {
		if a, err = s.pin(ctx, ref, policy, a); err != nil || a.Digest == "" {
			return a, err
		}
		ref.Digest, ref.Name = a.Digest, ref.Name+"@"+a.Digest
	}
	a.Digest = ref.Digest
	if denied := policy.Reference(ref, s.Now()); len(denied) > 0 {
		a.Reason = Summary(denied)
		return a, nil
	}
	standing, err := s.Store.Standing(ctx, ref.Repository, ref.Digest, a.Policy.Digest)
	if err != nil {
		return Admission{}, err
	}
	return a.judge(ref, standing, s.Now()), nil
}

// pin finds the digest that was decided for a tag. A tag that policy denies by
// name leads nowhere.
func (s *Service) pin(ctx context.Context, ref Reference, policy Policy, a Admission) (Admission, error) {
	for _, v := range policy.Reference(ref, s.Now()) {
		if v.Check == checkRefDeny {
			a.Reason = Summary([]Violation{v})
			return a, nil
		}
	}
	digest, err := s.Store.Tag(ctx, ref.Repository, ref.Tag)
	if err != nil {
		return Admission{}, err
	}
	if digest == "" {
		a.Undecided = true
		a.Reason = fmt.Sprintf("%s was never decided: ask the gate for a verdict first (gatectl check %s)", ref, ref)
		return a, nil
	}
	a.Digest, a.Pinned = digest, ref.Asked+"@"+digest
	return a, nil
}

// checkRefDeny is the check of deny rules on references (package policy).
const checkRefDeny = refPrefix + "DENY"

// judge reads the answer off a standing.
func (a Admission) judge(ref Reference, s *Standing, now time.Time) Admission {
	pinned := ref.At(ref.Digest)
	switch {
	case s == nil:
		a.Undecided = true
		a.Reason = fmt.Sprintf("%s was never decided under policy %s: ask the gate for a verdict first (gatectl check %s)", pinned, a.Policy.Name, pinned)
	case !s.ExpiresAt.IsZero() && !now.Before(s.ExpiresAt):
		a.Undecided = true
		a.Reason = fmt.Sprintf("the verdict on %s expired at %s: have it decided again (gatectl check %s, or a rescan)", pinned, s.ExpiresAt.UTC().Format(time.RFC3339), pinned)
	case s.Decision == Pass:
		a.Allowed = true
	case now.Before(s.GraceUntil):
		a.Allowed = true
		a.Warning = fmt.Sprintf("%s is admitted until %s only: %s", pinned, s.GraceUntil.UTC().Format(time.RFC3339), s.Reason)
	default:
		a.Reason = fmt.Sprintf("%s fails policy %s: %s", pinned, a.Policy.Name, s.Reason)
		if !s.GraceUntil.IsZero() {
			a.Reason += fmt.Sprintf("; its grace ended at %s", s.GraceUntil.UTC().Format(time.RFC3339))
		}
	}
	return a
}

// Within reports whether the repository is one of, or lies under one of, the
// given registries or repositories. Whole path components are compared, and
// Docker Hub's short forms are known.
func (r Reference) Within(allowed []string) bool {
	for _, a := range allowed {
		a = strings.Trim(strings.TrimSpace(a), "/")
		switch a {
		case "":
			continue
		case "index.docker.io", "registry-1.docker.io":
			a = "docker.io"
		}
		a = strings.Replace(a, "index.docker.io/", "docker.io/", 1)
		if r.Repository == a || strings.HasPrefix(r.Repository, a+"/") {
			return true
		}
	}
	return false
}

// BrokenGlass is something that was admitted against the gate's word, because
// somebody said why.
type BrokenGlass struct {
	At        time.Time `json:"at"`
	Namespace string    `json:"namespace"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	User      string    `json:"user"`
	Reason    string    `json:"reason"`
	// Refused is what the gate had to say.
	Refused string `json:"refused"`
}
