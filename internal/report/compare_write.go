package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// section is a part of a comparison as lines of text.
type section struct {
	title string
	lines []string
}

// ComparisonFormats are the names WriteComparison accepts.
func ComparisonFormats() []string { return []string{"table", "json", "markdown"} }

// WriteComparison writes a comparison in the named format; "" is the table. The
// error is CodeInvalid for a format that is not known, or w's.
func WriteComparison(w io.Writer, format string, c Comparison) error {
	switch format {
	case "json":
		return indented(w, c)
	case "table", "":
		return comparisonTable(w, c)
	case "markdown":
		return comparisonMarkdown(w, c)
	}
	return unknownFormat(format, ComparisonFormats())
}

// listedLines is how many lines of a section are written.
const listedLines = 40

func comparisonTable(w io.Writer, c Comparison) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "from %s\n  to %s\n", c.Before.text(), c.After.text())
	for _, s := range c.sections() {
		fmt.Fprintf(b, "\n%s\n", clean(s.title))
		for i, line := range s.lines {
			if i == listedLines {
				fmt.Fprintf(b, "  … and %d more: --output json has them all\n", len(s.lines)-i)
				break
			}
			fmt.Fprintf(b, "  %s\n", short(line, 300))
		}
	}
	return b.Flush()
}

func comparisonMarkdown(w io.Writer, c Comparison) error {
	b := &comment{}
	fmt.Fprintf(b, "## What changed\n\nfrom %s<br>\nto %s\n", escape(c.Before.text()), escape(c.After.text()))
	for _, s := range c.sections() {
		if !b.fits("\n### "+escape(short(s.title, 200))+"\n\n", 1000) {
			break
		}
		for i, line := range s.lines {
			if i == listedLines || !b.fits("- "+escape(short(line, 300))+"\n", 1000) {
				fmt.Fprintf(b, "- … and %d more\n", len(s.lines)-i)
				break
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (s Side) text() string {
	text := short(s.Image, 300)
	if s.Digest != "" && !strings.Contains(s.Image, s.Digest) {
		text += " " + short(s.Digest, 80)
	}
	return text + ": " + short(string(s.Decision), 20)
}

// sections are the comparison in words; one line says that nothing changed.
func (c Comparison) sections() []section {
	out := c.Findings.sections("the image")
	for _, p := range c.Platforms {
		out = append(out, p.sections()...)
	}
	if len(out) == 0 {
		out = append(out, section{"nothing changed", nil})
	}
	return out
}

func (p PlatformComparison) sections() []section {
	if p.Only != "" {
		return []section{{fmt.Sprintf("%s: only %s", p.Platform, p.Only), nil}}
	}
	var out []section
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			out = append(out, section{fmt.Sprintf("%s: %s (%d)", p.Platform, title, len(lines)), lines})
		}
	}
	add("image", p.image())
	if p.Packages != nil {
		add("packages added", texts(p.Packages.Added, PackageState.text))
		add("packages removed", texts(p.Packages.Removed, PackageState.text))
		add("packages changed", texts(p.Packages.Changed, PackageChange.text))
	}
	add("vulnerabilities introduced", texts(p.Vulnerabilities.Introduced, VulnerabilityState.text))
	add("vulnerabilities resolved", texts(p.Vulnerabilities.Resolved, VulnerabilityState.text))
	out = append(out, p.Findings.sections(p.Platform)...)
	add("not compared", p.NotCompared)
	return out
}

// image are the changes of size, base, layers and configuration.
func (p PlatformComparison) image() []string {
	var lines []string
	if p.CompressedBefore != nil && p.CompressedAfter != nil && *p.CompressedBefore != *p.CompressedAfter {
		sign, delta := "+", *p.CompressedAfter-*p.CompressedBefore
		if delta < 0 {
			sign, delta = "-", -delta
		}
		lines = append(lines, fmt.Sprintf("size %s to %s (%s%s)", bytesText(*p.CompressedBefore), bytesText(*p.CompressedAfter), sign, bytesText(delta)))
	}
	if p.Base != nil {
		lines = append(lines, fmt.Sprintf("base %s to %s", p.Base.Before, p.Base.After))
	}
	for _, c := range p.Config {
		lines = append(lines, c.text())
	}
	if l := p.Layers; l != nil && len(l.Added)+len(l.Removed) > 0 {
		lines = append(lines, fmt.Sprintf("%s shared, %s", plural(l.Shared, "layer"), bytesText(l.SharedBytes)))
		for _, a := range l.Added {
			lines = append(lines, "layer added: "+a.text())
		}
		for _, r := range l.Removed {
			lines = append(lines, "layer removed: "+r.text())
		}
	}
	return lines
}

func (c FindingChanges) sections(of string) []section {
	var out []section
	for _, s := range []section{{"findings introduced", texts(c.Introduced, FindingState.text)}, {"findings resolved", texts(c.Resolved, FindingState.text)}, {"findings that count otherwise", texts(c.Moved, FindingMove.text)}} {
		if len(s.lines) > 0 {
			out = append(out, section{fmt.Sprintf("%s: %s (%d)", of, s.title, len(s.lines)), s.lines})
		}
	}
	return out
}

func texts[T any](list []T, text func(T) string) []string {
	var out []string
	for _, v := range list {
		out = append(out, text(v))
	}
	return out
}

func (p PackageState) text() string { return fmt.Sprintf("%s %s (%s)", p.Name, p.Version, p.Type) }
func (p PackageChange) text() string {
	return fmt.Sprintf("%s %s to %s (%s)", p.Name, p.Before, p.After, p.Type)
}
func (l LayerState) text() string {
	return strings.TrimSpace(fmt.Sprintf("%d, %s %s", l.Index, bytesText(l.Bytes), l.CreatedBy))
}

func (v VulnerabilityState) text() string {
	text := fmt.Sprintf("%s %s in %s %s", v.Severity, v.ID, v.Package, v.Installed)
	if v.Fixed != "" {
		text += ", fixed in " + v.Fixed
	}
	return text
}

func (f FindingState) text() string {
	return fmt.Sprintf("%s %s (%s): %s", f.Severity, f.Check, f.Standing, f.Message)
}

func (f FindingMove) text() string {
	return fmt.Sprintf("%s %s (%s, was %s): %s", f.Severity, f.Check, f.Standing, f.Before, f.Message)
}

func (c ConfigChange) text() string {
	var parts []string
	for _, p := range []struct {
		word string
		list []string
	}{{"added", c.Added}, {"removed", c.Removed}, {"changed", c.Changed}} {
		if len(p.list) > 0 {
			parts = append(parts, p.word+" "+listed(p.list, 12))
		}
	}
	if len(parts) > 0 {
		return c.Field + ": " + strings.Join(parts, "; ")
	}
	return fmt.Sprintf("%s: %q to %q", c.Field, cut(c.Before, 120), cut(c.After, 120))
}
