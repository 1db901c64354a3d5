package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// sarifRules are the rules of a run: the catalogue, then what findings need
// beside it.
type sarifRules struct {
	list  []sarifRule
	index map[string]int
	// titles of vulnerabilities, from the evidence.
	titles map[string]string
}

func newSarifRules(d Document) *sarifRules {
	s := &sarifRules{index: map[string]int{}, titles: map[string]string{}}
	for _, r := range catalogue() {
		s.add(sarifRuleOf(r))
	}
	if d.Evidence == nil {
		return s
	}
	for _, img := range d.Evidence.Images {
		if img.Scan == nil {
			continue
		}
		for _, v := range img.Scan.Vulnerabilities {
			s.titles[v.ID] = cmp.Or(s.titles[v.ID], v.Title)
		}
	}
	return s
}

func (s *sarifRules) add(r sarifRule) int {
	s.index[r.ID] = len(s.list)
	s.list = append(s.list, r)
	return s.index[r.ID]
}

// of is the rule of a finding, added if it is new. A vulnerability of several
// packages keeps its highest score.
func (s *sarifRules) of(f gate.Violation) (int, string) {
	r := ruleOf(f)
	id := r.ID
	if f.Vulnerability != nil && f.Vulnerability.ID != "" {
		id = short(f.Vulnerability.ID, 100)
	}
	i, ok := s.index[id]
	switch {
	case !ok && id == r.ID:
		i = s.add(sarifRuleOf(r))
	case !ok:
		i = s.add(s.vulnerability(id, f))
	case id != r.ID:
		if severity := securitySeverity(score(f)); severityAbove(severity, s.list[i].Properties.SecuritySeverity) {
			s.list[i].Properties.SecuritySeverity = severity
		}
	}
	return i, id
}

// severityAbove compares scores of one decimal as they are written.
func severityAbove(a, b string) bool { return len(a) > len(b) || (len(a) == len(b) && a > b) }

func securitySeverity(score float64) string { return fmt.Sprintf("%.1f", score) }

func sarifRuleOf(r rule) sarifRule {
	help := []string{r.Doc.What}
	var md strings.Builder
	md.WriteString(r.Doc.What)
	for _, part := range []struct{ title, text string }{{"Why", r.Doc.Why}, {"Example", r.Doc.Example}, {"Fix", r.Doc.Fix}, {"Controls", strings.Join(r.Doc.Controls, "; ")}} {
		if part.text == "" {
			continue
		}
		help = append(help, part.title+": "+part.text)
		fmt.Fprintf(&md, "\n\n**%s:** %s", part.title, part.text)
	}
	return sarifRule{
		ID: r.ID, Name: r.Name, Short: sarifText{Text: r.Doc.What}, Full: sarifText{Text: cmp.Or(r.Doc.Why, r.Doc.What)},
		Help: sarifText{Text: strings.Join(help, "\n\n"), Markdown: md.String()}, Default: sarifLevel{defaultLevel(r.Severity)},
		Properties: sarifProperties{securitySeverity(scores[r.Severity]), "high", tags(append([]string{"security", "container", strings.ToLower(r.Family())}, r.Doc.Controls...))},
	}
}

// vulnerability is the rule of one. Its title is not ours: it is shown as text,
// without Markdown.
func (s *sarifRules) vulnerability(id string, f gate.Violation) sarifRule {
	text := message(id)
	if title := s.titles[f.Vulnerability.ID]; title != "" {
		text += ": " + message(short(title, 800))
	}
	return sarifRule{
		ID: id, Name: "vulnerability", Short: sarifText{Text: text}, Full: sarifText{Text: text},
		Help:    sarifText{Text: "A package of the image has this vulnerability. Update the package, or rebuild on a newer base image."},
		HelpURI: advisory(f.Vulnerability.ID), Default: sarifLevel{defaultLevel(f.Severity)},
		Properties: sarifProperties{securitySeverity(score(f)), "very-high", []string{"security", "container", "vulnerability"}},
	}
}

func defaultLevel(s gate.Severity) string {
	switch s {
	case gate.SeverityCritical, gate.SeverityHigh:
		return "error"
	case gate.SeverityMedium:
		return "warning"
	}
	return "note"
}

// tags are those of a rule, as many as GitHub reads.
func tags(all []string) []string { return all[:min(len(all), 20)] }
