package main

import (
	"fmt"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// told is how many findings of a list the summary holds.
const told = 20

// markdown writes a summary. Everything from elsewhere is escaped: an image's
// author must not write the report about it.
func (s summary) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s\n", escape(s.title), escape(s.result()))
	if len(s.tasks) > 0 {
		b.WriteString("\n| task | status |\n|---|---|\n")
	}
	for _, task := range s.tasks {
		name, status, _ := strings.Cut(task, "=")
		if status == "None" {
			status = "did not run"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", escape(name), escape(status))
	}
	if s.image != "" {
		fmt.Fprintf(&b, "\nImage: %s\n", escape(s.image))
	}
	if s.digest != "" {
		fmt.Fprintf(&b, "\nDigest: %s\n", escape(s.digest))
	}
	if s.problem != "" {
		fmt.Fprintf(&b, "\nThe verdict cannot be shown: %s\n", escape(s.problem))
	}
	if s.verdict != nil {
		verdictMarkdown(&b, *s.verdict)
	}
	return b.String()
}

func verdictMarkdown(b *strings.Builder, v gate.Verdict) {
	fmt.Fprintf(b, "\nVerdict: **%s**, policy %s, signature %s\n", escape(string(v.Decision)), escape(v.Policy.Name), escape(v.Signature.State))
	if v.Error != nil {
		fmt.Fprintf(b, "\n%s\n", escape(v.Error.Message))
	}
	findings(b, "Denied", v.Violations)
	findings(b, "Warnings", v.Warnings)
	findings(b, "Waived", v.Waived)
	if c := v.Counts; v.Database != nil {
		fmt.Fprintf(b, "\nVulnerabilities: %d critical, %d high, %d medium, %d low, %d unknown; %d of them have no fix.\n", c.Critical, c.High, c.Medium, c.Low, c.Unknown, c.Unfixed)
	}
	fmt.Fprintf(b, "\nEverything: `gatectl report %s`\n", v.Digest)
}

func findings(b *strings.Builder, title string, list []gate.Violation) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s (%d)\n\n", title, len(list))
	for i, f := range list {
		if i == told {
			fmt.Fprintf(b, "- … and %d more\n", len(list)-told)
			return
		}
		fmt.Fprintf(b, "- **%s** %s: %s", f.Severity, escape(f.Check), escape(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(b, "  \n  fix: %s", escape(f.Fix))
		}
		b.WriteString("\n")
	}
}

// escape makes text plain in Markdown and in the HTML that may be in it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range printable(short(s, 600)) {
		switch {
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_[]|#!~@", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
