package admission

import (
	"context"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Gate says whether an image may run.
type Gate interface {
	// Admit answers from what is stored. An error means it could not tell.
	Admit(ctx context.Context, image, policy string) (gate.Admission, error)
}

// Evaluations decides about images nobody asked about before.
type Evaluations interface {
	Submit(ctx context.Context, req gate.Request, idempotencyKey string) (gate.Evaluation, error)
	Get(ctx context.Context, id string, wait time.Duration) (gate.Evaluation, error)
}

// Namespaces knows the labels of namespaces.
type Namespaces interface {
	// Labels are those of a namespace. An error means that they could not be
	// found out, which is no reason to guess.
	Labels(ctx context.Context, namespace string) (map[string]string, error)
}

// Journal keeps what was admitted against the gate's word.
type Journal interface {
	RecordBrokenGlass(ctx context.Context, b gate.BrokenGlass) error
}

// Mode is what a refusal does in a namespace.
type Mode string

// The modes: refuse, tell the user and admit, or only count and log.
const (
	Enforce Mode = "enforce"
	Warn    Mode = "warn"
	Audit   Mode = "audit"
)

// ParseMode reads a mode. The error names what is accepted.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Enforce, Warn, Audit:
		return m, nil
	}
	return "", gate.NewError(gate.CodeInvalid, "the admission mode "+quoted(s)+" is none of enforce, warn, audit", nil)
}

// The labels of a namespace that the gate reads.
const (
	LabelPolicy     = "imagegate.dev/policy"
	LabelMode       = "imagegate.dev/mode"
	LabelBreakGlass = "imagegate.dev/break-glass"
	// allowedValue is LabelBreakGlass' value that lets pods use it.
	allowedValue = "allowed"
)

// AnnotationBreakGlass on a pod, or on the template that makes it, says why it
// must run against the gate's word. ImageReview hands on annotations of this
// domain only.
const AnnotationBreakGlass = "break-glass.image-policy.k8s.io/reason"

// Reviewer answers reviews.
type Reviewer struct {
	Gate Gate
	// Namespaces is nil outside a cluster; then every namespace has Mode.
	Namespaces Namespaces
	Journal    Journal
	// Mode is that of namespaces without a label; empty is Enforce.
	Mode Mode
	// AllowedRegistries are registries or repositories whose images may run,
	// whatever was decided; empty allows all.
	AllowedRegistries []string
	// Evaluations decides about unknown images within Patience, and less
	// where the review leaves less time. Zero refuses them at once.
	Evaluations Evaluations
	Patience    time.Duration
	Now         func() time.Time
}

// Outcome says how a review ended, for metrics and logs.
type Outcome string

// The outcomes. Ignored is for reviews about nothing that runs.
const (
	Allowed     Outcome = "allowed"
	Warned      Outcome = "warned"
	Denied      Outcome = "denied"
	Audited     Outcome = "audited"
	BrokenGlass Outcome = "broken-glass"
	Ignored     Outcome = "ignored"
)

// settings are what a namespace chose.
type settings struct {
	policy     string
	mode       Mode
	breakGlass bool
}

// settingsOf reads a namespace's labels. A mode that is none enforces: a typing
// error opens nothing.
func (r *Reviewer) settingsOf(ctx context.Context, namespace string) (settings, error) {
	out := settings{mode: r.Mode}
	if out.mode == "" {
		out.mode = Enforce
	}
	if r.Namespaces == nil || namespace == "" {
		return out, nil
	}
	labels, err := r.Namespaces.Labels(ctx, namespace)
	if err != nil {
		return out, err
	}
	out.policy, out.breakGlass = labels[LabelPolicy], labels[LabelBreakGlass] == allowedValue
	if value, ok := labels[LabelMode]; ok {
		if out.mode, err = ParseMode(value); err != nil {
			out.mode = Enforce
		}
	}
	return out, nil
}
