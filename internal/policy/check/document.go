package check

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

//go:generate sh -c "go run ./gen > ../../../docs/checks.md"

// Source is the name of the file that holds the check, in this folder.
func (c *Check) Source() string {
	return strings.ToLower(strings.ReplaceAll(c.ID, "-", "")) + "_" + strings.ReplaceAll(c.Name, "-", "_") + ".go"
}

// When says what must be fetched before the check can answer.
func (t Tier) When() string {
	switch t {
	case TierReference:
		return "the reference alone"
	case TierConfig:
		return "before any layer: manifest and config"
	case TierRegistry:
		return "before any layer: manifest, config and other small objects of the registry"
	case TierLayers:
		return "from the layers"
	}
	return "from the scan"
}

// Document writes docs/checks.md: the catalogue for its readers.
func Document(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# Checks\n\n")
	b.WriteString("Made from the source by `make generate`. One file a check, under `internal/policy/check/`.\n\n")
	b.WriteString("A policy's `catalogue` rule says which severities deny and which warn; other rules enforce single checks.\n")
	b.WriteString("Checks marked *always* guard the gate's own sight: a finding of HIGH or above denies under every policy.\n\n")
	b.WriteString("| id | name | severity | answered | |\n|---|---|---|---|---|\n")
	for _, c := range All() {
		always := ""
		if c.Integrity {
			always = "always"
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", c.ID, anchor(c), c.Name, c.Severity, c.Tier.When(), always)
	}
	for _, c := range All() {
		fmt.Fprintf(&b, "\n## %s %s\n\n", c.ID, c.Name)
		fmt.Fprintf(&b, "%s\n\n*Why:* %s\n\n*Example:* %s\n\n*Fix:* %s\n\n", c.Doc.What, c.Doc.Why, c.Doc.Example, c.Doc.Fix)
		fmt.Fprintf(&b, "%s · %s · [`%s`](../internal/policy/check/%s)", c.Severity, c.Tier.When(), c.Source(), c.Source())
		if len(c.Doc.Controls) > 0 {
			fmt.Fprintf(&b, " · %s", strings.Join(c.Doc.Controls, "; "))
		}
		b.WriteString("\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// anchor is the fragment under which Markdown renderers file the section.
func anchor(c *Check) string { return strings.ToLower(c.ID) + "-" + c.Name }
