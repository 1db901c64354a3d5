package gate

import "time"

// APIVersion and the kinds of the documents the gate prints.
const (
	APIVersion     = "imagegate.dev/v1"
	KindVerdict    = "Verdict"
	KindEvaluation = "Evaluation"
)

// Decision is the gate's answer.
type Decision string

// Pass and Fail stand for that digest, policy and database. Error is ours or
// the network's, and may be tried again.
const (
	Pass    Decision = "pass"
	Fail    Decision = "fail"
	Errored Decision = "error"
)

// Verdict is the document `imagegate check --output json` and
// GET /v1/evaluations/{id} print. Tools read it: its names are fixed.
type Verdict struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	ID         string            `json:"id"`
	Image      string            `json:"image"` // as asked
	Digest     string            `json:"digest,omitempty"`
	Decision   Decision          `json:"decision"`
	Platforms  []PlatformVerdict `json:"platforms"`
	Violations []Violation       `json:"violations"`
	Warnings   []Violation       `json:"warnings"`
	Notes      []Violation       `json:"notes"`
	Waived     []Violation       `json:"waived"`
	Counts     Counts            `json:"counts"`
	Policy     PolicyRef         `json:"policy"`
	Database   *Database         `json:"database,omitempty"`
	Exploits   *Exploits         `json:"exploits,omitempty"`
	Evidence   string            `json:"evidence,omitempty"` // sha256 of the stored evidence
	Signature  SignatureState    `json:"signature"`
	// Error says what went wrong; only with decision "error".
	Error     *Failure  `json:"error,omitempty"`
	DecidedAt time.Time `json:"decidedAt"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// GraceUntil is how long a cluster still admits a digest that passed
	// before and now fails: the earliest of its violations'.
	GraceUntil time.Time `json:"graceUntil,omitzero"`
}

// Failure is why there is no decision.
type Failure struct {
	Code      Code   `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// PlatformVerdict summarises one platform. Pointers are nil where the gate
// did not look.
type PlatformVerdict struct {
	Platform          string   `json:"platform"`
	Digest            string   `json:"digest"`
	User              *User    `json:"user,omitempty"`
	Base              *BaseRef `json:"base,omitempty"`
	Class             Class    `json:"class,omitempty"`
	OS                *OSRef   `json:"os,omitempty"`
	Layers            int      `json:"layers"`
	CompressedBytes   *int64   `json:"compressedBytes,omitempty"`
	UncompressedBytes *int64   `json:"uncompressedBytes,omitempty"`
	Packages          *int     `json:"packages,omitempty"`
}

// BaseRef is the base image as the verdict document shows it.
type BaseRef struct {
	Reference string `json:"reference,omitempty"`
	Digest    string `json:"digest,omitempty"`
	Layers    int    `json:"layers"`
	Proof     Proof  `json:"proof"`
	// Newest is what a rebuild would be built on; nil when the base is its
	// tag's newest, or nothing is known of a newer one.
	Newest *NewestRef `json:"newest,omitempty"`
}

// NewestRef is the newest build of a base, and what rebuilding on it mends.
type NewestRef struct {
	Reference string    `json:"reference"`
	Digest    string    `json:"digest"`
	Created   time.Time `json:"created,omitzero"`
	// Removes is how many of the platform's violations a rebuild removes, of
	// Of in all; both 0 where the newest build was not scanned.
	Removes int `json:"removes,omitempty"`
	Of      int `json:"of,omitempty"`
}

// OSRef is the distribution as the verdict document shows it.
type OSRef struct {
	Family string `json:"family"`
	Name   string `json:"name,omitempty"`
}

// Violation is one finding held against the image, warned of, noted or waived.
type Violation struct {
	Rule     string   `json:"rule"`  // name in the policy
	Check    string   `json:"check"` // catalogue id, REF-ALLOW, VULN-CVSS …
	Severity Severity `json:"severity"`
	Platform string   `json:"platform,omitempty"`
	Message  string   `json:"message"` // what is wrong, and where
	Fix      string   `json:"fix,omitempty"`
	// Subject names what the finding is about where that is no path: an
	// environment variable, a port, a label, a program.
	Subject string `json:"subject,omitempty"`
	// Origin is "base" when the base image brought it, "image" when the
	// image's own layers did; empty where that is not known.
	Origin        string            `json:"origin,omitempty"`
	Layer         *LayerRef         `json:"layer,omitempty"`
	Path          string            `json:"path,omitempty"`
	Package       *PackageRef       `json:"package,omitempty"`
	Vulnerability *VulnerabilityRef `json:"vulnerability,omitempty"`
	// Outcome is "unknown" when the check could not tell; empty otherwise.
	Outcome string `json:"outcome,omitempty"`
	// Waiver is set on waived findings, and on those whose waiver expired.
	Waiver *WaiverRef `json:"waiver,omitempty"`
	// GraceUntil is how long a cluster admits the image in spite of it: the
	// vulnerability was published after the image passed.
	GraceUntil time.Time `json:"graceUntil,omitzero"`
}

// The origins of findings.
const (
	OriginBase  = "base"
	OriginImage = "image"
)

// LayerRef names a layer.
type LayerRef struct {
	Index     int    `json:"index"`
	DiffID    string `json:"diffID"`
	CreatedBy string `json:"createdBy,omitempty"`
}

// PackageRef names an installed package.
type PackageRef struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Installed string `json:"installed"`
	Fixed     string `json:"fixed,omitempty"`
	PURL      string `json:"purl,omitempty"`
}

// VulnerabilityRef names a vulnerability with the score that counted.
type VulnerabilityRef struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Score    float64  `json:"score"`
	Vector   string   `json:"vector,omitempty"`
	Source   string   `json:"source,omitempty"`
	// Derived is true when no source gave a score and the severity's lower
	// bound stands in.
	Derived bool `json:"derived"`
	// Exploited is true when the list of exploited vulnerabilities names it.
	Exploited bool `json:"exploited,omitempty"`
}

// WaiverRef is the accepted risk that applied, or would have.
type WaiverRef struct {
	Reason  string    `json:"reason"`
	Owner   string    `json:"owner"`
	Expires time.Time `json:"expires"`
	Expired bool      `json:"expired,omitempty"`
}

// Until is the last day on which the waiver counts, as a date: a waiver that
// expires on a day counts to its end.
func (w *WaiverRef) Until() string { return w.Expires.Add(-time.Second).UTC().Format(time.DateOnly) }

// Counts are vulnerabilities by severity over all platforms, those without a
// fix included; Unfixed counts the latter once more.
type Counts struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Unknown  int `json:"unknown"`
	Unfixed  int `json:"unfixed"`
}

// PolicyRef names the policy that decided.
type PolicyRef struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// SignatureState says whether the digest was signed.
type SignatureState struct {
	State     string `json:"state"` // "signed", "not-asked" or "refused"
	Reference string `json:"reference,omitempty"`
	// Reason says why it was refused.
	Reason string `json:"reason,omitempty"`
}

// The signature states.
const (
	Signed   = "signed"
	NotAsked = "not-asked"
	Refused  = "refused"
)

// Expired reports whether the verdict no longer counts at now.
func (v *Verdict) Expired(now time.Time) bool {
	return !v.ExpiresAt.IsZero() && !now.Before(v.ExpiresAt)
}

// The exit codes of imagegate and gatectl, which Grype and Docker Scout use too.
const (
	ExitPass  = 0
	ExitUsage = 1
	ExitFail  = 2
	ExitError = 3
)

// ExitStatus is what a command exits with on a verdict. A pass whose signature
// was asked for and refused is an error: the caller would otherwise take it for
// signed.
func (v *Verdict) ExitStatus() int {
	switch {
	case v.Decision == Fail:
		return ExitFail
	case v.Decision != Pass, v.Signature.State == Refused:
		return ExitError
	}
	return ExitPass
}
