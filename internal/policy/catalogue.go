package policy

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// catalogue is the rule that lets every check speak, by severity.
type catalogue struct {
	deny, warn gate.Severity // at or above; empty: none
	// unknown is what a check that could not tell is worth at most: deny
	// treats it as if it had failed, note only reports it.
	unknown disposition
	// checks are those with a word of their own.
	checks map[string]setting
}

// setting is what a policy says of one check.
type setting struct {
	action, unknown *disposition
	severity        gate.Severity // replaces that of every finding
	allow           []string      // exceptions: see check.Finding.Excepted
}

// catalogueRule reads
//
//	catalogue:
//	  deny: HIGH        # findings at or above deny
//	  warn: MEDIUM      # at or above warn; lower ones are notes
//	  unknown: warn     # or deny, note: checks that could not tell
//	  checks:
//	    MIN-01: deny    # one check: deny, warn, note, off
//	    HIST-*: "off"   # a family; what names one check goes before it
//	    FS-03: {severity: LOW, allow: [/app/cache/**]}
//	    SCAN-04: {action: warn, unknown: note}
//	    META-12: {action: deny, labels: [org.opencontainers.image.source]} # see checkOptions
func (c *compiler) catalogueRule(n *yaml.Node) {
	k := &catalogue{unknown: warn, checks: map[string]setting{}}
	c.now.catalogue = k
	c.family(n, "catalogue", map[string]func(*yaml.Node){
		"deny": func(n *yaml.Node) { k.deny = c.severity(n, "catalogue.deny") },
		"warn": func(n *yaml.Node) { k.warn = c.severity(n, "catalogue.warn") },
		"unknown": func(n *yaml.Node) {
			k.unknown = dispositions[c.word(n, "catalogue.unknown", "deny", "warn", "note")]
		},
		"checks": func(n *yaml.Node) { c.checkSettings(n, k) },
	})
	c.now.demands = append(c.now.demands, fmt.Sprintf("every check of the catalogue: %s and above deny, %s and above warn, the rest is noted; a check that cannot tell: %s",
		cmp.Or(k.deny, "none"), cmp.Or(k.warn, "none"), k.unknown))
	for _, one := range check.All() {
		if s, own := k.checks[one.ID]; own && s.String() != "" {
			c.now.demands = append(c.now.demands, fmt.Sprintf("%s %s: %s", one.ID, one.Name, s))
		}
	}
}

// checkSettings reads checks: families first, so that a single check's word
// stands whatever the order in the file.
func (c *compiler) checkSettings(n *yaml.Node, k *catalogue) {
	single := map[string]setting{}
	fields := map[string]func(*yaml.Node){}
	for _, one := range check.All() {
		fields[one.ID] = func(n *yaml.Node) { single[one.ID] = c.setting(n, one.ID) }
		family := family(one.ID)
		fields[family] = func(n *yaml.Node) {
			s := c.setting(n, family)
			for _, member := range check.All() {
				if covers(family, member.ID) {
					k.checks[member.ID] = s
				}
			}
		}
	}
	c.object(n, "catalogue.checks", fields)
	for id, s := range single {
		k.checks[id] = s
	}
}

// family is the pattern of an id's family: "FS-*".
func family(id string) string { return id[:strings.Index(id, "-")] + "-*" }

// covers reports whether a check's id or a family's pattern covers an id.
func covers(pattern, id string) bool {
	ok, err := path.Match(pattern, id)
	return err == nil && ok
}

func (c *compiler) setting(n *yaml.Node, id string) (s setting) {
	what := "catalogue.checks." + id
	word := func(to **disposition, words ...string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			d := dispositions[c.word(n, what, words...)]
			*to = &d
		}
	}
	if n.Kind == yaml.ScalarNode {
		word(&s.action, "deny", "warn", "note", "off")(n)
		return s
	}
	fields := map[string]func(*yaml.Node){
		"action":   word(&s.action, "deny", "warn", "note", "off"),
		"unknown":  word(&s.unknown, "deny", "warn", "note", "off"),
		"severity": func(n *yaml.Node) { s.severity = c.severity(n, what+".severity") },
		"allow": func(n *yaml.Node) {
			s.allow = c.texts(n, what+".allow")
			for _, e := range s.allow {
				if _, err := path.Match(e, ""); err != nil {
					c.fail(n, "%s.allow %.100q is not a glob: %v", what, e, err)
				}
			}
		},
	}
	for name, read := range c.checkOptions()[id] {
		fields[name] = func(n *yaml.Node) {
			key := what + "." + name
			if by, given := c.given[key]; given {
				c.fail(n, "%s is already given by rule %q", key, by)
				return
			}
			c.given[key] = c.now.name
			read(n)
			c.now.demands = append(c.now.demands, fmt.Sprintf("%s %s: %s", id, name, inline(n)))
		}
	}
	c.object(n, what, fields)
	return s
}

// checkOptions are the options of single checks, beside what every check has.
func (c *compiler) checkOptions() map[string]map[string]func(*yaml.Node) {
	o := &c.policy.options
	texts := func(what string, to *[]string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = c.texts(n, what) }
	}
	return map[string]map[string]func(*yaml.Node){
		"META-12": {"labels": texts("META-12.labels", &o.RequiredLabels)}, // that must be there
		"USER-07": {"minUID": func(n *yaml.Node) { o.MinUID = c.count(n, "USER-07.minUID") }},
		"FS-15":   {"authorities": texts("FS-15.authorities", &o.AllowedCAs)}, // sha256 in hex
		"MIN-05":  {"minBytes": func(n *yaml.Node) { o.MinCacheBytes = c.size(n, "MIN-05.minBytes") }},
		"MIN-08":  {"maxPackages": func(n *yaml.Node) { o.MaxPackages = c.count(n, "MIN-08.maxPackages") }},
		"SCAN-07": {"minEPSS": func(n *yaml.Node) { o.MinEPSS = c.number(n, "SCAN-07.minEPSS", 0, 1) }},
		"SCAN-08": {"licenses": texts("SCAN-08.licenses", &o.DeniedLicenses)}, // that are denied
	}
}

// inline is a value in words.
func inline(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		var items []string
		for _, item := range n.Content {
			items = append(items, item.Value)
		}
		return strings.Join(items, ", ")
	}
	return n.Value
}

// String says what is set, for Explain.
func (s setting) String() string {
	var parts []string
	if s.action != nil {
		parts = append(parts, s.action.String())
	}
	if s.severity != "" {
		parts = append(parts, "counted as "+string(s.severity))
	}
	if s.unknown != nil {
		parts = append(parts, "if it cannot tell: "+s.unknown.String())
	}
	if len(s.allow) > 0 {
		parts = append(parts, "except "+strings.Join(s.allow, ", "))
	}
	return strings.Join(parts, ", ")
}

// disposes says what a finding of a check is worth under the catalogue.
func (k *catalogue) disposes(id string, severity gate.Severity, unknown bool) disposition {
	s := k.checks[id]
	if unknown && s.unknown != nil {
		return *s.unknown
	}
	d := note
	switch {
	case s.action != nil:
		d = *s.action
	case k.deny != "" && severity.Rank() >= k.deny.Rank():
		d = deny
	case k.warn != "" && severity.Rank() >= k.warn.Rank():
		d = warn
	}
	if unknown {
		d = min(d, k.unknown)
	}
	return d
}

// settingOf is what the policy's catalogue rules say of a check; several rules
// may speak of one, and all their exceptions count.
func (p *Policy) settingOf(id string) (s setting) {
	for i := range p.rules {
		if k := p.rules[i].catalogue; k != nil {
			one := k.checks[id]
			s.severity = cmp.Or(s.severity, one.severity)
			s.allow = slices.Concat(s.allow, one.allow)
		}
	}
	return s
}
