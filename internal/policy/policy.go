package policy

import (
	"regexp"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// Policy is a loaded policy. It never changes, and is safe for concurrent use.
type Policy struct {
	ref     gate.PolicyRef
	match   []string // repository patterns; empty matches nothing by itself
	rules   []rule
	waivers []Waiver
	options check.Options
	// lifetime is how long a verdict counts.
	lifetime time.Duration
	grace    gate.Grace
	// What the gate is to look up, and with which keys.
	lookUp     []string
	supply     bool
	supplyKeys []gate.NamedKey
	baseKeys   []baseKey
	checks     []*check.Check
}

// baseKey is a key that must have signed the bases of a pattern.
type baseKey struct {
	base string
	gate.NamedKey
}

// rule is one entry of a policy's rules, decoded. Exactly one of the kinds is
// set; the families (base, user, layers …) leave only what they enforce.
type rule struct {
	name    string
	message string // added before the finding's own words
	fix     string // replaces the finding's own
	warn    bool   // severity: warn
	line    int
	kind    string
	// demands say in words what the rule asks for, for Explain.
	demands []string

	pattern   *regexp.Regexp
	allow     bool
	limits    *vulnerabilityLimits
	catalogue *catalogue
	cel       *expression
	enforces  []string // check ids
}

// defaultLifetime is how long a verdict counts where a policy does not say: a
// nightly rescan renews it, and one night may go wrong.
const defaultLifetime = 48 * time.Hour

// Ref implements gate.Policy.
func (p *Policy) Ref() gate.PolicyRef { return p.ref }

// Needs implements gate.Policy.
func (p *Policy) Needs() gate.Needs {
	var bases []string
	for _, b := range p.options.ApprovedBases {
		if b != "scratch" {
			bases = append(bases, b)
		}
	}
	return gate.Needs{
		Platforms: p.options.RequiredPlatforms, Bases: bases, LookUp: p.lookUp, Supply: p.supply, SupplyKeys: p.supplyKeys,
	}
}

// BaseKeys implements gate.Policy.
func (p *Policy) BaseKeys(base gate.Reference) []gate.NamedKey {
	var out []gate.NamedKey
	for _, k := range p.baseKeys {
		if matches(k.base, base) {
			out = append(out, k.NamedKey)
		}
	}
	return out
}
