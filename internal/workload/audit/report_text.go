package audit

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/imagegate/imagegate/internal/gate"
)

// clean makes text that a manifest's author may have written safe to show:
// control characters and those that reorder text become visible.
func clean(s string) string {
	unsafe := func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// paints are the SGR codes of severities.
var paints = map[gate.Severity]string{
	gate.SeverityCritical: "1;31", gate.SeverityHigh: "1;31", gate.SeverityMedium: "33", gate.SeverityLow: "2", gate.SeverityInfo: "2",
}

func (o ReportOptions) paint(code, s string) string {
	if !o.Color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// writeTable is for people: worst first, each with its place and its mend.
// What only informs is counted.
func writeTable(w io.Writer, findings []Finding, o ReportOptions) error {
	b := bufio.NewWriter(w)
	for _, f := range findings {
		if f.Severity == gate.SeverityInfo {
			continue
		}
		mark := ""
		if f.Outcome != "" {
			mark = "  (" + f.Outcome + ")"
		}
		fmt.Fprintf(b, "%s %s  %s%s\n", o.paint(paints[f.Severity], fmt.Sprintf("%-8s", f.Severity)), o.paint("1", f.Check+" "+name(f.Check)), clean(f.subject()), mark)
		if place := f.place(); place != "" {
			fmt.Fprintf(b, "         %s\n", o.paint("2", clean(place)))
		}
		fmt.Fprintf(b, "         %s\n", clean(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(b, "         fix: %s\n", clean(f.Fix))
		}
	}
	for _, s := range o.Skipped {
		fmt.Fprintf(b, "%s\n", o.paint("2", clean("skipped "+s.File+": "+s.Reason)))
	}
	s := Summarize(findings)
	if len(findings) > 0 {
		fmt.Fprintln(b)
	}
	fmt.Fprintf(b, "%s: %d critical, %d high, %d medium, %d low, %d unknown; %d only inform (--output json has them)\n", o.verdict(findings), s.Critical, s.High, s.Medium, s.Low, s.Unknown, s.Info)
	return b.Flush()
}

func (o ReportOptions) verdict(findings []Finding) string {
	if n := o.Failing(findings); n > 0 {
		return o.paint("1;31", fmt.Sprintf("FAIL, %d at or above %s", n, o.Fails))
	}
	return o.paint("1;32", "PASS")
}

// writeMarkdown is for comments on changes.
func writeMarkdown(w io.Writer, findings []Finding, o ReportOptions) error {
	b := bufio.NewWriter(w)
	s := Summarize(findings)
	fmt.Fprintf(b, "## Workload audit: %s\n\n", ReportOptions{Fails: o.Fails, Strict: o.Strict}.verdict(findings))
	fmt.Fprintf(b, "%d critical, %d high, %d medium, %d low, %d unknown, %d informing\n", s.Critical, s.High, s.Medium, s.Low, s.Unknown, s.Info)
	if len(findings) > 0 {
		b.WriteString("\n| severity | check | object | place | what | fix |\n|---|---|---|---|---|---|\n")
	}
	for _, f := range findings {
		severity := string(f.Severity)
		if f.Outcome != "" {
			severity += " (" + f.Outcome + ")"
		}
		fmt.Fprintf(b, "| %s | %s %s | %s | %s | %s | %s |\n", severity, f.Check, name(f.Check), cell(f.subject()), cell(f.place()), cell(f.Message), cell(f.Fix))
	}
	for i, s := range o.Skipped {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "- skipped %s: %s\n", cell(s.File), cell(s.Reason))
	}
	return b.Flush()
}

// cell is text in a Markdown table that stays text: no markup, no HTML, no
// mention of anybody.
func cell(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;").Replace(clean(s))
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]|~!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
