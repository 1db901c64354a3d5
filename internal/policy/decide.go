package policy

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// integrityRule is the name under which checks speak that every policy has.
const integrityRule = "integrity"

// Decide implements gate.Policy.
func (p *Policy) Decide(ev *gate.Evidence, now time.Time, early bool) gate.Verdict {
	s := sorter{policy: p, ref: ev.Reference, now: now}
	p.reference(&s)
	if ev.Digest != "" {
		p.catalogueChecks(&s, ev, early)
		for i := range ev.Images {
			p.vulnerabilities(&s, &ev.Images[i])
		}
		if !early {
			p.expressions(&s, ev)
		}
	}
	return s.finish(ev)
}

// catalogueChecks makes every check that some rule, or the gate's own
// integrity, wants made.
func (p *Policy) catalogueChecks(s *sorter, ev *gate.Evidence, early bool) {
	images, reading := map[int]bool{}, &check.Reading{}
	for _, c := range p.checks {
		if c.Tier == check.TierReference || (early && !c.Tier.Early()) || !p.wants(c) {
			continue
		}
		in := check.Input{Evidence: ev, Options: p.options, Now: s.now, Reading: reading}
		if !c.PerImage {
			p.report(s, c, nil, c.Decide(in), early)
			continue
		}
		for i := range ev.Images {
			// What is no image has no config or layers to judge; META-01,
			// which comes first, denies it.
			if images[i] {
				continue
			}
			in.Image = &ev.Images[i]
			r := c.Decide(in)
			images[i] = c == check.NotAnImage && r.Outcome == check.Fail
			p.report(s, c, in.Image, r, early)
		}
	}
}

// wants reports whether anything would be done with the check's answer.
func (p *Policy) wants(c *check.Check) bool {
	if c.Integrity {
		return true
	}
	for i := range p.rules {
		if r := &p.rules[i]; r.catalogue != nil || r.enforcing(c.ID) {
			return true
		}
	}
	return false
}

// report sorts a check's answer into the verdict.
func (p *Policy) report(s *sorter, c *check.Check, img *gate.ImageEvidence, r check.Result, early bool) {
	set := p.settingOf(c.ID)
	switch r.Outcome {
	case check.Unknown:
		if early {
			return // the layers may still tell
		}
		rule, d := p.disposes(c, finding{severity: cmp.Or(set.severity, c.Severity), own: c.Severity, unknown: true})
		s.add(rule, d, violation(img, c, check.Finding{Severity: set.severity, Message: "could not tell: " + r.Reason, Fix: c.Doc.Fix}, string(check.Unknown)))
	case check.Fail:
		for _, f := range r.Findings {
			own := cmp.Or(f.Severity, c.Severity)
			f.Severity = cmp.Or(set.severity, own)
			excepted := f.Excepted(set.allow)
			if excepted {
				f.Message += " (the policy accepts it)"
			}
			rule, d := p.disposes(c, finding{severity: f.Severity, own: own, excepted: excepted})
			s.add(rule, d, violation(img, c, f, ""))
		}
	}
}

// finding is what counts of a finding when it is sorted.
type finding struct {
	severity gate.Severity // that the policy gives it
	own      gate.Severity // that the check gives it
	unknown  bool
	excepted bool
}

// disposes finds the rule that says the strongest word about a finding. What
// guards the gate's own sight denies whatever a policy says of it.
func (p *Policy) disposes(c *check.Check, f finding) (*rule, disposition) {
	by, strongest := &rule{name: integrityRule}, silent
	if c.Integrity {
		strongest = note
		if f.unknown || f.own.Rank() >= gate.SeverityHigh.Rank() {
			strongest = deny
		}
	}
	for i := range p.rules {
		r := &p.rules[i]
		d := silent
		switch {
		case r.enforcing(c.ID):
			d = deny
		case r.catalogue != nil:
			d = r.catalogue.disposes(c.ID, f.severity, f.unknown)
		}
		if d == deny && r.warn {
			d = warn
		}
		if f.excepted {
			d = min(d, note)
		}
		if d > strongest {
			by, strongest = r, d
		}
	}
	return by, strongest
}

func (r *rule) enforcing(id string) bool {
	for _, e := range r.enforces {
		if e == id {
			return true
		}
	}
	return false
}

// violation is a finding with its place.
func violation(img *gate.ImageEvidence, c *check.Check, f check.Finding, outcome string) gate.Violation {
	v := gate.Violation{
		Check: c.ID, Severity: cmp.Or(f.Severity, c.Severity), Message: clip(f.Message), Fix: clip(f.Fix), Path: clip(f.Path), Subject: clip(f.Subject),
		Package: f.Package, Vulnerability: f.Vulnerability, Outcome: outcome,
	}
	if img != nil {
		v.Platform = img.Platform
		if f.Layer != nil {
			v.Layer, v.Origin = layerRef(img, *f.Layer), origin(img, *f.Layer)
		}
	}
	return v
}

// origin says who brought what a layer holds; "" where no base is known well
// enough to tell.
func origin(img *gate.ImageEvidence, layer int) string {
	b := img.Base
	switch {
	case check.FromBase(img, layer):
		return gate.OriginBase
	case layer < 0 || b == nil || b.Proof.Rank() < gate.ProofMatched.Rank():
		return ""
	}
	return gate.OriginImage
}

// layerRef names a layer with its history line; nil when the index is none.
func layerRef(img *gate.ImageEvidence, i int) *gate.LayerRef {
	if i < 0 || (i >= len(img.Config.DiffIDs) && i >= len(img.Manifest.Layers)) {
		return nil
	}
	ref := &gate.LayerRef{Index: i, CreatedBy: createdBy(img.Config.CreatedBy(i))}
	if i < len(img.Config.DiffIDs) {
		ref.DiffID = img.Config.DiffIDs[i]
	}
	return ref
}

// clip bounds a text of a finding: an image's author may have written part of
// it, and there may be thousands.
func clip(s string) string { return fmt.Sprintf("%.1000s", s) }

// maxCreatedBy bounds a history line in a finding, in bytes: there may be
// thousands of findings.
const maxCreatedBy = 300

// createdBy is a history line without the secrets that may be in it.
func createdBy(line string) string {
	if line = check.Redact(line); len(line) > maxCreatedBy {
		line = strings.ToValidUTF8(line[:maxCreatedBy], "") + "…"
	}
	return line
}
