package policy

import (
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
	images := map[int]bool{}
	for _, c := range p.checks {
		if (early && !c.Tier.Early()) || !p.wants(c) {
			continue
		}
		in := check.Input{Evidence: ev, Options: p.options, Now: s.now}
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
	switch r.Outcome {
	case check.Unknown:
		if early {
			return // the layers may still tell
		}
		rule, d := p.disposes(c, c.Severity, true)
		s.add(rule, d, violation(img, c, check.Finding{Message: "could not tell: " + r.Reason, Fix: c.Doc.Fix}, string(check.Unknown)))
	case check.Fail:
		for _, f := range r.Findings {
			severity := c.Severity
			if f.Severity != "" {
				severity = f.Severity
			}
			rule, d := p.disposes(c, severity, false)
			s.add(rule, d, violation(img, c, f, ""))
		}
	}
}

// disposes finds the rule that says the strongest word about a finding.
func (p *Policy) disposes(c *check.Check, severity gate.Severity, unknown bool) (*rule, disposition) {
	by, strongest := &rule{name: integrityRule}, silent
	if c.Integrity {
		strongest = note
		if unknown || severity.Rank() >= gate.SeverityHigh.Rank() {
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
			d = r.catalogue.disposes(c.ID, severity)
			if unknown && d > r.catalogue.unknown {
				d = r.catalogue.unknown
			}
		}
		if d == deny && r.warn {
			d = warn
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
	v := gate.Violation{Check: c.ID, Severity: c.Severity, Message: f.Message, Fix: f.Fix, Path: f.Path, Package: f.Package, Outcome: outcome}
	if f.Severity != "" {
		v.Severity = f.Severity
	}
	if img != nil {
		v.Platform = img.Platform
		if f.Layer != nil {
			v.Layer = layerRef(img, *f.Layer)
		}
	}
	return v
}

// layerRef names a layer with its history line; nil when the index is none.
func layerRef(img *gate.ImageEvidence, i int) *gate.LayerRef {
	if i < 0 || (i >= len(img.Config.DiffIDs) && i >= len(img.Manifest.Layers)) {
		return nil
	}
	ref := &gate.LayerRef{Index: i, CreatedBy: img.Config.CreatedBy(i)}
	if i < len(img.Config.DiffIDs) {
		ref.DiffID = img.Config.DiffIDs[i]
	}
	return ref
}
