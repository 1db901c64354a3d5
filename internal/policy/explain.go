package policy

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Explain says in words what a policy demands, rule by rule.
func Explain(w io.Writer, p *Policy) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "policy %s\n  %s\n", p.ref.Name, p.ref.Digest)
	if len(p.match) > 0 {
		fmt.Fprintf(b, "  decides about %s\n", strings.Join(p.match, ", "))
	}
	for i := range p.rules {
		r := &p.rules[i]
		word := "deny"
		if r.warn {
			word = "warn"
		}
		fmt.Fprintf(b, "\n%s (%s unless)\n  %s\n", r.name, word, r.sentence())
		if len(r.enforces) > 0 {
			fmt.Fprintf(b, "  checks: %s\n", strings.Join(r.enforces, ", "))
		}
		if r.message != "" {
			fmt.Fprintf(b, "  says: %s\n", r.message)
		}
	}
	var always []string
	for _, c := range p.checks {
		if c.Integrity {
			always = append(always, c.ID)
		}
	}
	fmt.Fprintf(b, "\n%s (always)\n  what the gate could not see does not pass: %s\n", integrityRule, strings.Join(always, ", "))
	for _, w := range p.waivers {
		about := w.Vulnerability + w.Check + w.Rule
		if w.Package != "" {
			about += " in " + w.Package
		}
		fmt.Fprintf(b, "\nwaived until %s: %s for %s\n  %s (%s)\n", w.Expires.UTC().Format(time.RFC3339), about, w.Image, w.Reason, w.Owner)
	}
	fmt.Fprintf(b, "\na verdict counts for %s\n", days(p.lifetime))
	if words := graceWords(p.grace); words != "" {
		fmt.Fprintf(b, "an image that passed stays admitted after a vulnerability is published: %s\n", words)
	}
	return b.Flush()
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 && d > 24*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
