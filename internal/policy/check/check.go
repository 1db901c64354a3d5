// Package check holds the catalogue of image checks: one file a check, with
// its type, its decision, what it looks for and why, and one table test beside
// it. A check reads evidence and returns findings; whether a finding denies,
// warns or is only reported is the policy's business (package policy).
//
// To add a check: write its file with a package-level *Check and a test, add
// it to All in catalogue.go, run `make generate` for docs/checks.md.
package check

import (
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Check is one entry of the catalogue.
type Check struct {
	ID       string // stable, for example "USER-02": used in policies, reports and waivers
	Name     string // stable, for example "root-explicit"
	Severity gate.Severity
	Tier     Tier
	// Integrity checks guard the gate's own sight (promise 2 of the design:
	// fail closed). They apply under every policy; a finding of HIGH or above
	// denies, and so does an unknown outcome once everything was looked at.
	Integrity bool
	Doc       Doc
	// Decide is pure. For PerImage checks it is called once per platform
	// with Input.Image set, otherwise once with Input.Image nil.
	PerImage bool
	Decide   func(Input) Result
}

// Tier is the evidence a check needs, cheapest first.
type Tier string

// The tiers. What is not Layers or Scan is answered before any layer is pulled.
const (
	TierReference Tier = "reference" // the reference alone: no request
	TierConfig    Tier = "config"    // index, manifest and config
	TierRegistry  Tier = "registry"  // those and other small registry objects
	TierLayers    Tier = "layers"    // the one pass over the layers
	TierScan      Tier = "scan"      // Trivy's result
)

// Early reports whether the tier is answered before any layer is pulled.
func (t Tier) Early() bool { return t == TierReference || t == TierConfig || t == TierRegistry }

// Doc explains a check to the person it stops. docs/checks.md is made of it.
type Doc struct {
	What    string // what is examined, one sentence
	Why     string // what goes wrong otherwise
	Example string // an image that fails, and one that does not
	Fix     string // how to mend it
	// Controls are corresponding controls, for example "CIS Docker 4.1".
	Controls []string
}

// Input is what a check reads.
type Input struct {
	Evidence *gate.Evidence
	Image    *gate.ImageEvidence // nil for checks that are not PerImage
	Options  Options
	Now      time.Time
	// Reading is shared by the checks of one decision, so that what several
	// of them read is read once; nil is fine.
	Reading *Reading
}

// Reading keeps what checks have read in the course of one decision. It is not
// for concurrent use.
type Reading struct {
	histories map[*gate.ImageEvidence]reading
}

type reading struct {
	steps  []step
	unread int
}

// history reads an image's history, once.
func (r *Reading) history(img *gate.ImageEvidence) (steps []step, unread int) {
	if r == nil {
		return readHistory(img.Config)
	}
	h, ok := r.histories[img]
	if !ok {
		h.steps, h.unread = readHistory(img.Config)
		if r.histories == nil {
			r.histories = map[*gate.ImageEvidence]reading{}
		}
		r.histories[img] = h
	}
	return h.steps, h.unread
}

// Outcome is a check's answer.
type Outcome string

// The outcomes. Unknown means that the check could not tell; the policy says
// what that is worth. NotApplicable means there is nothing to judge.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Unknown       Outcome = "unknown"
	NotApplicable Outcome = "not-applicable"
)

// Result is an outcome and, for Fail, at least one finding. Reason explains
// Unknown and NotApplicable.
type Result struct {
	Outcome  Outcome
	Reason   string
	Findings []Finding
}

// Finding is one thing that is wrong, where, and how to mend it.
type Finding struct {
	// Severity differs from the check's own where the facts make it better
	// or worse; empty means the check's.
	Severity gate.Severity
	Message  string
	Fix      string
	// Layer is the index of the layer at fault, nil when none is.
	Layer *int
	Path  string
	// Subject names what the finding is about where that is no path: an
	// environment variable, a port, a label, a program, a licence. Policies
	// make exceptions by it.
	Subject       string
	Package       *gate.PackageRef
	Vulnerability *gate.VulnerabilityRef
}
