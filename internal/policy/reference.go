package policy

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// The checks of reference rules.
const (
	checkAllow = "REF-ALLOW"
	checkDeny  = "REF-DENY"
)

// referenceFields reads rules over the reference as asked for:
//
//   - name: allowed-registries
//     pattern: "^registry\\.example/.*"
//     action: allow
//
// The pattern is matched against Docker's familiar full form. Every allow rule
// must match, no deny rule may.
func (c *compiler) referenceFields(r *rule, fields map[string]func(*yaml.Node)) {
	fields["pattern"] = func(n *yaml.Node) { r.pattern = c.regexp(n, "rule.pattern") }
	fields["action"] = func(n *yaml.Node) {
		word := c.word(n, "rule.action", "allow", "deny")
		r.allow = word == "allow"
		verb := "must"
		if !r.allow {
			verb = "must not"
		}
		r.demands = append(r.demands, "the reference "+verb+" match the pattern")
	}
}

// Reference implements gate.Policy.
func (p *Policy) Reference(ref gate.Reference, now time.Time) []gate.Violation {
	s := sorter{policy: p, ref: ref, now: now}
	p.reference(&s)
	return s.verdict.Violations
}

func (p *Policy) reference(s *sorter) {
	for i := range p.rules {
		r := &p.rules[i]
		if r.pattern == nil || r.pattern.MatchString(s.ref.Name) == r.allow {
			continue
		}
		v := gate.Violation{Rule: r.name, Check: checkDeny, Severity: gate.SeverityHigh,
			Message: fmt.Sprintf("%s matches the forbidden pattern %s", s.ref.Name, r.pattern), Fix: "use a reference that the policy permits"}
		if r.allow {
			v.Check = checkAllow
			v.Message = fmt.Sprintf("%s does not match the required pattern %s", s.ref.Name, r.pattern)
		}
		s.add(r, deny, v)
	}
	// Checks of the catalogue that the reference answers cost no request
	// either.
	for _, c := range p.checks {
		if c.Tier == check.TierReference && p.wants(c) {
			p.report(s, c, nil, c.Decide(check.Input{Evidence: &gate.Evidence{Reference: s.ref}, Options: p.options, Now: s.now}), true)
		}
	}
}
