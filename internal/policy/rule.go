package policy

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// compiler turns rule nodes into a policy's rules.
type compiler struct {
	*decoder
	policy *Policy
	names  map[string]bool
	// given are the family fields already set, with the rule that set them:
	// a bound that two rules give would mean one of them silently.
	given map[string]string
	// now are the rule being read.
	now *rule
}

// rule reads one entry of rules. Its kind is the one field that names one.
func (c *compiler) rule(n *yaml.Node) {
	r := &rule{line: n.Line + c.offset}
	c.now = r
	kinds := map[string]func(*yaml.Node){
		"base": c.base, "user": c.user, "layers": c.layers, "contents": c.contents, "config": c.config,
		"freshness": c.freshness, "platforms": c.platforms, "supply": c.supply, "cel": c.celRule, "catalogue": c.catalogueRule,
	}
	fields := map[string]func(*yaml.Node){
		"name":     func(n *yaml.Node) { r.name = c.text(n, "rule.name") },
		"message":  func(n *yaml.Node) { r.message = c.text(n, "rule.message") },
		"fix":      func(n *yaml.Node) { r.fix = c.text(n, "rule.fix") },
		"severity": func(n *yaml.Node) { r.warn = c.word(n, "rule.severity", "deny", "warn") == "warn" },
	}
	c.referenceFields(r, fields)
	c.vulnerabilityFields(r, fields)
	// The name comes first in messages, so it is read first.
	r.name = stringField(n, "name")
	var found []string
	for k, read := range kinds {
		fields[k] = func(n *yaml.Node) {
			found = append(found, k)
			r.kind = k
			read(n)
		}
	}
	c.object(n, "a rule", fields)
	if n.Kind != yaml.MappingNode {
		return
	}
	if r.pattern != nil || stringField(n, "action") != "" {
		found = append(found, "pattern")
		r.kind = "pattern"
	}
	if r.limits != nil {
		found = append(found, "maxSeverity or maxCVSS")
		r.kind = "vulnerabilities"
	}
	switch {
	case len(found) == 0:
		c.fail(n, "rule %q demands nothing; expected a pattern, maxSeverity, maxCVSS, base, user, layers, contents, config, freshness, platforms, supply, cel or catalogue", r.name)
	case len(found) > 1:
		slices.Sort(found)
		c.fail(n, "rule %q is of several kinds (%s); write one rule for each", r.name, strings.Join(found, ", "))
	}
	switch {
	case r.name == "":
		c.fail(n, "a rule has no name; findings are named after it")
	case c.names[r.name]:
		c.fail(n, "the rule name %q is used twice; findings could not be told apart", r.name)
	}
	c.names[r.name] = true
	c.policy.rules = append(c.policy.rules, *r)
}

// family reads an object of bounds and demands, each of which may be given
// once in a policy.
func (c *compiler) family(n *yaml.Node, kind string, fields map[string]func(*yaml.Node)) {
	r := c.now
	once := map[string]func(*yaml.Node){}
	for name, read := range fields {
		once[name] = func(n *yaml.Node) {
			key := kind + "." + name
			if by, given := c.given[key]; given {
				c.fail(n, "%s is already given by rule %q", key, by)
				return
			}
			c.given[key] = r.name
			read(n)
		}
	}
	c.object(n, kind, once)
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		c.fail(n, "%s is empty: it demands nothing", kind)
	}
}

// enforce makes the rule deny (or warn) on checks, and says so in words.
func (c *compiler) enforce(demand string, ids ...string) {
	for _, id := range ids {
		if !slices.Contains(c.now.enforces, id) {
			c.now.enforces = append(c.now.enforces, id)
		}
	}
	c.now.demands = append(c.now.demands, demand)
}

// denied reads deny or allow, and enforces checks for deny.
func (c *compiler) denied(what, demand string, ids ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if c.word(n, what, "deny", "allow") == "deny" {
			c.enforce(demand, ids...)
		}
	}
}

// patterns reads repository patterns.
func (c *compiler) patterns(n *yaml.Node, what string) []string {
	var out []string
	c.list(n, what, func(item *yaml.Node) {
		s := c.text(item, what+" entry")
		if s == "" {
			return
		}
		if err := validPattern(s); err != nil {
			c.fail(item, "%s %.100q is not a pattern: %v", what, s, err)
			return
		}
		out = append(out, s)
	})
	return out
}
