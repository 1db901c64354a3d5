package policy

import (
	"cmp"
	"fmt"

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
	checks map[string]disposition
}

// catalogueRule reads
//
//	catalogue:
//	  deny: HIGH        # findings at or above deny
//	  warn: MEDIUM      # at or above warn; lower ones are notes
//	  unknown: warn     # or deny, note: checks that could not tell
//	  checks: {MIN-01: deny, USER-06: "off"}
func (c *compiler) catalogueRule(n *yaml.Node) {
	k := &catalogue{unknown: warn, checks: map[string]disposition{}}
	c.now.catalogue = k
	c.family(n, "catalogue", map[string]func(*yaml.Node){
		"deny": func(n *yaml.Node) { k.deny = c.severity(n, "catalogue.deny") },
		"warn": func(n *yaml.Node) { k.warn = c.severity(n, "catalogue.warn") },
		"unknown": func(n *yaml.Node) {
			k.unknown = dispositions[c.word(n, "catalogue.unknown", "deny", "warn", "note")]
		},
		"checks": func(n *yaml.Node) {
			fields := map[string]func(*yaml.Node){}
			for _, one := range check.All() {
				fields[one.ID] = func(n *yaml.Node) {
					k.checks[one.ID] = dispositions[c.word(n, "catalogue.checks."+one.ID, "deny", "warn", "note", "off")]
				}
			}
			c.object(n, "catalogue.checks", fields)
		},
	})
	c.now.demands = append(c.now.demands, fmt.Sprintf("every check of the catalogue: %s and above deny, %s and above warn, the rest is noted; a check that cannot tell: %s",
		cmp.Or(k.deny, "none"), cmp.Or(k.warn, "none"), k.unknown))
	for _, one := range check.All() {
		if d, own := k.checks[one.ID]; own {
			c.now.demands = append(c.now.demands, fmt.Sprintf("%s %s: %s", one.ID, one.Name, d))
		}
	}
}

// disposes says what a finding of a check is worth under the catalogue.
func (k *catalogue) disposes(id string, severity gate.Severity) disposition {
	if d, own := k.checks[id]; own {
		return d
	}
	switch {
	case k.deny != "" && severity.Rank() >= k.deny.Rank():
		return deny
	case k.warn != "" && severity.Rank() >= k.warn.Rank():
		return warn
	}
	return note
}
