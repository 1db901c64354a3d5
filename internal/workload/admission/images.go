package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload"
)

// maxImages bounds the images of one object.
const maxImages = 500

// finding is the answer about one image of an object.
type finding struct {
	workload.Use
	gate.Admission
}

// judge asks about each image, about the same one once.
func (r *Reviewer) judge(ctx context.Context, uses []workload.Use, s settings) ([]finding, error) {
	if len(uses) > maxImages {
		return nil, gate.NewError(gate.CodeLimit, fmt.Sprintf("the object runs %d images, more than %d", len(uses), maxImages), nil)
	}
	answers := map[string]gate.Admission{}
	for _, u := range uses {
		if _, asked := answers[u.Image]; asked {
			continue
		}
		a, err := r.admit(ctx, u.Image, s.policy)
		if err != nil {
			return nil, err
		}
		answers[u.Image] = a
	}
	if err := r.decideUnknown(ctx, answers, s.policy); err != nil {
		return nil, err
	}
	out := make([]finding, len(uses))
	for i, u := range uses {
		out[i] = finding{u, answers[u.Image]}
	}
	return out, nil
}

// admit asks the gate, after the registries that are allowed at all.
func (r *Reviewer) admit(ctx context.Context, image, policy string) (gate.Admission, error) {
	if image == "" {
		return gate.Admission{Reason: "the container names no image"}, nil
	}
	if len(r.AllowedRegistries) > 0 {
		ref, err := gate.ParseReference(image)
		if err == nil && ref.Scheme == gate.SchemeRegistry && !ref.Within(r.AllowedRegistries) {
			return gate.Admission{Reason: fmt.Sprintf("%s is in none of the allowed registries (%s)", ref, strings.Join(r.AllowedRegistries, ", "))}, nil
		}
	}
	return r.Gate.Admit(ctx, image, policy)
}

// decideUnknown has unknown images evaluated, all at once, for as long as the
// review may take. What is not decided by then goes on being decided: the
// controller that made the object asks again.
func (r *Reviewer) decideUnknown(ctx context.Context, answers map[string]gate.Admission, policy string) error {
	if r.Evaluations == nil || r.Patience <= 0 {
		return nil
	}
	until := r.Now().Add(r.Patience)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	ids := map[string]string{}
	for image, a := range answers {
		if a.Allowed || !a.Undecided {
			continue
		}
		e, err := r.Evaluations.Submit(ctx, gate.Request{Image: image, Policy: policy}, r.key(image, policy))
		if err != nil {
			a.Reason += "; it could not be evaluated either: " + err.Error()
			answers[image] = a
			continue
		}
		ids[image] = e.ID
	}
	for image, id := range ids {
		e, err := r.Evaluations.Get(ctx, id, max(until.Sub(r.Now()), 0))
		if err != nil {
			return err
		}
		if e.State != gate.Done {
			a := answers[image]
			a.Reason = fmt.Sprintf("%s is being decided (evaluation %s): try again in a moment", image, id)
			answers[image] = a
			continue
		}
		a, err := r.admit(ctx, image, policy)
		if err != nil {
			return err
		}
		if !a.Allowed && e.Verdict != nil && e.Verdict.Error != nil {
			a.Reason = fmt.Sprintf("%s could not be decided: %s", image, e.Verdict.Error.Message)
		}
		answers[image] = a
	}
	return nil
}

// window is how long reviews of one unknown image share an evaluation.
const window = time.Minute

// key makes many pods of one unknown image one evaluation.
func (r *Reviewer) key(image, policy string) string {
	sum := sha256.Sum256([]byte(image + "\x00" + policy + "\x00" + r.Now().UTC().Truncate(window).Format(time.RFC3339)))
	return "admission-" + hex.EncodeToString(sum[:16])
}
