package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// Waiver is an accepted risk: what, for which images, why, by whom, how long.
type Waiver struct {
	Vulnerability string // an advisory's id; or
	Check         string // a check's id, or a family such as FS-*; or
	Rule          string // a rule's name
	Image         string // repository pattern
	Package       string // name or purl; empty: any
	Reason        string
	Owner         string
	Expires       time.Time
}

// waiver reads
//
//   - vulnerability: CVE-2026-1234   # or check: MIN-01, check: FS-*, or rule: NAME
//     image: registry.example/team/*
//     package: openssl               # optional
//     reason: not reachable; see TICKET-12
//     owner: team@example.org
//     expires: 2026-12-31            # required, UTC
func (c *compiler) waiver(n *yaml.Node) {
	var w Waiver
	to := func(what string, field *string) func(*yaml.Node) {
		return func(n *yaml.Node) { *field = c.text(n, "waiver."+what) }
	}
	c.object(n, "a waiver", map[string]func(*yaml.Node){
		"vulnerability": to("vulnerability", &w.Vulnerability),
		"check":         to("check", &w.Check),
		"rule":          to("rule", &w.Rule),
		"package":       to("package", &w.Package),
		"reason":        to("reason", &w.Reason),
		"owner":         to("owner", &w.Owner),
		"image": func(n *yaml.Node) {
			if w.Image = c.text(n, "waiver.image"); w.Image != "" {
				if err := validPattern(w.Image); err != nil {
					c.fail(n, "waiver.image %.100q is not a pattern: %v", w.Image, err)
				}
			}
		},
		"expires": func(n *yaml.Node) { w.Expires = c.date(n, "waiver.expires") },
	})
	for what, missing := range map[string]bool{"image": w.Image == "", "reason": w.Reason == "", "owner": w.Owner == "", "expires": w.Expires.IsZero()} {
		if missing && stringField(n, what) == "" {
			c.fail(n, "a waiver needs %s", what)
		}
	}
	named := 0
	for _, s := range []string{w.Vulnerability, w.Check, w.Rule} {
		if s != "" {
			named++
		}
	}
	if named != 1 {
		c.fail(n, "a waiver names a vulnerability, a check or a rule, and only one of them")
	}
	if w.Check != "" && !slices.ContainsFunc(check.All(), func(c *check.Check) bool { return c.ID == w.Check || family(c.ID) == w.Check }) && !strings.HasPrefix(w.Check, "REF-") && !strings.HasPrefix(w.Check, "VULN-") && w.Check != checkCEL {
		c.fail(n, "waiver.check %.100q is no check of the catalogue", w.Check)
	}
	c.policy.waivers = append(c.policy.waivers, w)
}

// date reads a day, which counts to its end, or a time of RFC 3339.
func (c *compiler) date(n *yaml.Node, what string) time.Time {
	if t, err := time.Parse(time.RFC3339, n.Value); err == nil {
		return t
	}
	t, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		c.fail(n, "%s is %s, expected a date such as 2027-01-31 or a time of RFC 3339", what, kindName(n))
		return time.Time{}
	}
	return t.Add(24 * time.Hour)
}

// covers reports whether the waiver is about a finding on an image.
func (w Waiver) covers(ref gate.Reference, v gate.Violation) bool {
	if !matches(w.Image, ref) {
		return false
	}
	if w.Package != "" && (v.Package == nil || (v.Package.Name != w.Package && v.Package.PURL != w.Package)) {
		return false
	}
	switch {
	case w.Vulnerability != "":
		return v.Vulnerability != nil && strings.EqualFold(v.Vulnerability.ID, w.Vulnerability)
	case w.Check != "":
		return covers(w.Check, v.Check)
	}
	return v.Rule == w.Rule
}

// waive finds the waiver that counts for a finding: an unexpired one, or else
// an expired one, so that the finding can say so.
func (p *Policy) waive(ref gate.Reference, v gate.Violation, now time.Time) *gate.WaiverRef {
	var found *gate.WaiverRef
	for _, w := range p.waivers {
		if !w.covers(ref, v) {
			continue
		}
		candidate := &gate.WaiverRef{Reason: w.Reason, Owner: w.Owner, Expires: w.Expires, Expired: !now.Before(w.Expires)}
		if found == nil || (found.Expired && !candidate.Expired) || (found.Expired == candidate.Expired && candidate.Expires.After(found.Expires)) {
			found = candidate
		}
	}
	return found
}

// expired is what a finding says whose waiver no longer counts.
func expired(w *gate.WaiverRef) string {
	return fmt.Sprintf(" (the waiver of %s expired on %s)", w.Owner, w.Until())
}
