package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// step is one thing to do, with what it mends.
type step struct {
	Do string // "update openssl to 3.0.15"
	// About says what it is for: checks or vulnerabilities, bounded.
	About string
	// Denied and Warned count the findings it mends, the same of several
	// platforms once.
	Denied, Warned int
	worst          gate.Severity
	// base is the advice that the step is, if it is a rebuild on a newer base.
	base *gate.NewestRef
}

// Mends is the step's effect in words.
func (s step) Mends() string {
	if s.base != nil && s.base.Of > 0 {
		return fmt.Sprintf("removes %d of %s", s.base.Removes, plural(s.base.Of, "violation"))
	}
	if s.base != nil {
		return "what it removes is not known"
	}
	var parts []string
	if s.Denied > 0 {
		parts = append(parts, plural(s.Denied, "violation"))
	}
	if s.Warned > 0 {
		parts = append(parts, plural(s.Warned, "warning"))
	}
	return "mends " + strings.Join(parts, " and ")
}

// steps are what to do first: a rebuild where that removes violations, then
// what mends the worst of what denies, and most of it, then warnings. Findings
// without a fix come last: there is nothing to do but to wait or to decide.
func steps(v gate.Verdict) []step {
	var all []step
	for _, p := range v.Platforms {
		if p.Base == nil || p.Base.Newest == nil || (p.Base.Newest.Of > 0 && p.Base.Newest.Removes == 0) {
			continue
		}
		s := step{Do: sentenceCase("rebuild on " + short(p.Base.Newest.Reference, 200)), base: p.Base.Newest}
		if !slices.ContainsFunc(all, func(o step) bool { return o.Do == s.Do && o.Mends() == s.Mends() }) {
			all = append(all, s)
		}
	}
	all = append(all, grouped(v)...)
	slices.SortStableFunc(all, func(a, b step) int {
		return cmp.Or(
			first(a.useful(), b.useful()), first(a.Do != unfixed, b.Do != unfixed), first(a.Denied > 0, b.Denied > 0),
			b.worst.Rank()-a.worst.Rank(), b.Denied-a.Denied, b.Warned-a.Warned, strings.Compare(a.Do, b.Do))
	})
	return all
}

// useful is true of a rebuild that is known to remove violations.
func (s step) useful() bool { return s.base != nil && s.base.Removes > 0 }

// first puts true before false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

const unfixed = "Wait for a fix, remove the package, or waive with a reason"

// fixed is what one fix is about while it is gathered.
type fixed struct {
	step
	name         string   // of the package; empty for other fixes
	versions     []string // it is fixed in
	about        []string
	seen         map[string]bool // what is in about
	denied, warn map[string]bool // identities
}

// grouped gathers violations and warnings by what mends them.
func grouped(v gate.Verdict) []step {
	groups := map[string]*fixed{}
	var keys []string
	for _, f := range findings(v) {
		if f.Standing != denied && f.Standing != warned {
			continue
		}
		key, name := "fix\x00"+f.Check+"\x00"+f.Fix, ""
		switch {
		case f.Vulnerability != nil && f.Package != nil && f.Package.Fixed == "":
			key = unfixed
		case f.Vulnerability != nil && f.Package != nil:
			key, name = "package\x00"+f.Package.Type+"\x00"+f.Package.Name, f.Package.Name
		}
		g := groups[key]
		if g == nil {
			g = &fixed{name: name, seen: map[string]bool{}, denied: map[string]bool{}, warn: map[string]bool{}}
			groups[key], keys = g, append(keys, key)
		}
		g.add(f)
		if key == unfixed {
			g.Do = unfixed
		}
	}
	var out []step
	for _, key := range keys {
		out = append(out, groups[key].done())
	}
	return out
}

func (g *fixed) add(f finding) {
	about := ruleOf(f.Violation).Title()
	if f.Vulnerability != nil {
		about = short(f.Vulnerability.ID, 60)
	}
	if !g.seen[about] {
		g.seen[about] = true
		g.about = append(g.about, about)
	}
	if f.Package != nil && f.Package.Fixed != "" && len(g.versions) < 20 && !slices.Contains(g.versions, f.Package.Fixed) {
		g.versions = append(g.versions, f.Package.Fixed)
	}
	if f.Standing == denied {
		g.denied[identity(f.Violation)] = true
	} else {
		g.warn[identity(f.Violation)] = true
	}
	if f.Severity.Rank() > g.worst.Rank() {
		g.worst = f.Severity
	}
	if g.Do == "" {
		g.Do = strings.TrimSuffix(short(cmp.Or(f.Fix, ruleOf(f.Violation).Doc.Fix, f.Message), 300), ".")
	}
}

func (g *fixed) done() step {
	s := g.step
	s.Denied, s.Warned, s.Do = len(g.denied), len(g.warn), sentenceCase(s.Do)
	if g.name != "" {
		// Versions of each kind of package are ordered by rules of their own,
		// so the newest is not picked here.
		s.Do = fmt.Sprintf("Update %s to %s", short(g.name, 100), short(strings.Join(g.versions, ", "), 120))
		if len(g.versions) > 1 {
			s.Do = fmt.Sprintf("Update %s to the newest of %s", short(g.name, 100), short(strings.Join(g.versions, ", "), 120))
		}
	}
	const named = 4
	s.About = strings.Join(g.about[:min(named, len(g.about))], ", ")
	if rest := len(g.about) - named; rest > 0 {
		s.About += fmt.Sprintf(" and %d more", rest)
	}
	return s
}
