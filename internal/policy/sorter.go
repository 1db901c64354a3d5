package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// disposition is what a finding is worth, weakest first.
type disposition int

const (
	silent disposition = iota
	note
	warn
	deny
)

// dispositions by the words policies use.
var dispositions = map[string]disposition{"off": silent, "note": note, "warn": warn, "deny": deny}

// String is the word policies use.
func (d disposition) String() string { return [...]string{"off", "note", "warn", "deny"}[d] }

// sorter collects findings into a verdict's lists.
type sorter struct {
	policy  *Policy
	ref     gate.Reference
	now     time.Time
	verdict gate.Verdict
	// until is when the earliest waiver that counted expires.
	until time.Time
}

// add sorts a finding in, after waivers and the rule's own words.
func (s *sorter) add(r *rule, d disposition, v gate.Violation) {
	if d == silent {
		return
	}
	v.Rule = r.name
	if d == deny && r.warn {
		d = warn
	}
	if r.message != "" {
		v.Message = r.message + ": " + v.Message
	}
	if r.fix != "" {
		v.Fix = r.fix
	}
	if d > note {
		if w := s.policy.waive(s.ref, v, s.now); w != nil {
			v.Waiver = w
			if !w.Expired {
				s.verdict.Waived = append(s.verdict.Waived, v)
				if s.until.IsZero() || w.Expires.Before(s.until) {
					s.until = w.Expires
				}
				return
			}
			v.Message += expired(w)
		}
	}
	switch d {
	case deny:
		s.verdict.Violations = append(s.verdict.Violations, v)
	case warn:
		s.verdict.Warnings = append(s.verdict.Warnings, v)
	default:
		s.verdict.Notes = append(s.verdict.Notes, v)
	}
}

// finish fills in the rest of the verdict.
func (s *sorter) finish(ev *gate.Evidence) gate.Verdict {
	v := s.verdict
	v.APIVersion, v.Kind, v.Image, v.Digest = gate.APIVersion, gate.KindVerdict, ev.Reference.Asked, ev.Digest
	v.Decision = gate.Pass
	if len(v.Violations) > 0 {
		v.Decision = gate.Fail
	}
	for _, list := range []*[]gate.Violation{&v.Violations, &v.Warnings, &v.Notes, &v.Waived} {
		if *list == nil {
			*list = []gate.Violation{}
		}
		slices.SortStableFunc(*list, compare)
	}
	v.Platforms = []gate.PlatformVerdict{}
	for i := range ev.Images {
		v.Platforms = append(v.Platforms, summary(&ev.Images[i]))
	}
	rebuilds(ev, &v)
	v.Counts = counts(ev)
	v.Policy, v.Database, v.Exploits = s.policy.ref, ev.Database, ev.Exploits
	v.Signature = gate.SignatureState{State: gate.NotAsked}
	v.DecidedAt = s.now.UTC()
	v.ExpiresAt = v.DecidedAt.Add(s.policy.lifetime)
	if !s.until.IsZero() && s.until.Before(v.ExpiresAt) {
		v.ExpiresAt = s.until.UTC()
	}
	return v
}

// compare orders findings: worst first, then by name and place.
func compare(a, b gate.Violation) int {
	return cmp.Or(
		b.Severity.Rank()-a.Severity.Rank(),
		cmp.Compare(a.Check, b.Check),
		cmp.Compare(identity(a), identity(b)),
		cmp.Compare(a.Platform, b.Platform),
		cmp.Compare(a.Path, b.Path),
	)
}

// identity is what a vulnerability finding is about.
func identity(v gate.Violation) string {
	if v.Vulnerability == nil || v.Package == nil {
		return ""
	}
	return v.Package.Name + " " + v.Package.Installed + " " + v.Vulnerability.ID
}
