package gate

import (
	"fmt"
	"strings"
	"time"
)

// CodeCancelled is the failure in the verdict of an evaluation that its caller
// called off. No call is answered with it.
const CodeCancelled Code = "cancelled"

// Cancelled is the verdict of an evaluation that was called off: an error, so
// it is never signed and given to nobody else.
func Cancelled(e Evaluation, at time.Time) Verdict {
	v := Undecided(e.Request.Image, at, Failure{Code: CodeCancelled, Message: "the evaluation was cancelled by its caller: ask again if the answer is wanted after all"})
	v.ID = e.ID
	return v
}

// Undecided is the verdict that says why there is no decision.
func Undecided(image string, at time.Time, why Failure) Verdict {
	return Verdict{
		APIVersion: APIVersion, Kind: KindVerdict, Image: image, Decision: Errored, DecidedAt: at.UTC(), Error: &why,
		Signature: SignatureState{State: NotAsked},
		Platforms: []PlatformVerdict{}, Violations: []Violation{}, Warnings: []Violation{}, Notes: []Violation{}, Waived: []Violation{},
	}
}

// WasCancelled reports whether the verdict is that of Cancelled.
func (v *Verdict) WasCancelled() bool {
	return v.Decision == Errored && v.Error != nil && v.Error.Code == CodeCancelled
}

// Filter says which evaluations are listed. Fields that are zero let all
// through; those that are set must all hold.
type Filter struct {
	// Image is a reference, with a tag or digest or for all of a repository,
	// or a pattern as policies' matches have it.
	Image    string
	Digest   string
	Decision Decision
	State    State
	// Since and Until bound when it was asked for: at Since or later, and
	// before Until.
	Since, Until time.Time
}

// PatternCharacters are those that make a pattern (path.Match); no reference
// has any.
const PatternCharacters = `*?[\`

// Pattern reports whether Image is a pattern.
func (f Filter) Pattern() bool { return strings.ContainsAny(f.Image, PatternCharacters) }

// Exact is what Image names where it is no pattern: one reference in its
// normalised form, or everything of a repository. Both are empty where Image
// is. The error is CodeInvalid.
func (f Filter) Exact() (name, repository string, err error) {
	if f.Image == "" || f.Pattern() {
		return "", "", nil
	}
	ref, err := ParseReference(f.Image)
	if err != nil {
		return "", "", err
	}
	if ref.Scheme != SchemeRegistry {
		return ref.Name, "", nil
	}
	if ref.Digest == "" && !strings.HasSuffix(f.Image, ":"+ref.Tag) {
		return "", ref.Repository, nil // "latest" is nobody's word here
	}
	return ref.Name, "", nil
}

// Position is a place in the list of evaluations, which is sorted by when they
// were asked for and, within a microsecond, by id.
type Position struct {
	CreatedAt time.Time
	ID        string
}

// Listed is an evaluation as lists show it, without findings.
type Listed struct {
	ID    string `json:"id"`
	Image string `json:"image"` // as asked
	State State  `json:"state"`
	// What follows is known of one that is done.
	Digest     string     `json:"digest,omitempty"`
	Decision   Decision   `json:"decision,omitempty"`
	Policy     *PolicyRef `json:"policy,omitempty"`
	Violations int        `json:"violations"`
	Warnings   int        `json:"warnings"`
	CreatedAt  time.Time  `json:"createdAt"`
	DoneAt     time.Time  `json:"doneAt,omitzero"`
}

// Position is where it stands.
func (l Listed) Position() Position { return Position{l.CreatedAt, l.ID} }

// AlreadyDone is why an evaluation cannot be called off any more.
func AlreadyDone(v Verdict) error {
	return NewError(CodeConflict, fmt.Sprintf("evaluation %s is decided (%s), and what is decided stands: there is nothing left to cancel", v.ID, v.Decision), nil)
}
