package audit

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

//go:generate sh -c "go run ./gen > ../../../docs/workload-checks.md"

// Source is the name of the file that holds the check, in this folder.
// W-06 to W-17 are one idea and share theirs.
func (c *Check) Source() string {
	switch {
	case "W-06" <= c.ID && c.ID <= "W-17":
		return "w06_pod_security.go"
	case c.ID == "W-42":
		return "w42_external_secrets.go"
	}
	return strings.ToLower(strings.ReplaceAll(c.ID, "-", "")) + "_" + strings.ReplaceAll(c.Name, "-", "_") + ".go"
}

// Document writes docs/workload-checks.md: the catalogue for its readers.
func Document(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# Workload checks\n\n")
	b.WriteString("Made from the source by `make generate`. What `imagegate audit` and `POST /v1/workloads:check` hold manifests against;\n")
	b.WriteString("[how to audit](how-to/audit.md) says how they are run.\n\n")
	b.WriteString("Every check looks at containers of all classes (init containers, sidecars and ephemeral ones) and at pod templates in objects\n")
	b.WriteString("of any kind. A finding is *unknown* where the objects at hand cannot tell, for example because a namespace is not among them.\n")
	b.WriteString("Annotations in a manifest waive nothing.\n\n")
	b.WriteString("| id | name | severity |\n|---|---|---|\n")
	for _, c := range All() {
		fmt.Fprintf(&b, "| [%s](#%s-%s) | %s | %s |\n", c.ID, strings.ToLower(c.ID), c.Name, c.Name, c.Severity)
	}
	for _, c := range All() {
		fmt.Fprintf(&b, "\n## %s %s\n\n", c.ID, c.Name)
		fmt.Fprintf(&b, "%s\n\n*Why:* %s\n\n*Example:* %s\n\n*Fix:* %s\n\n", c.Doc.What, c.Doc.Why, c.Doc.Example, sentence(c.Doc.Fix))
		fmt.Fprintf(&b, "%s · [`%s`](../internal/workload/audit/%s)", c.Severity, c.Source(), c.Source())
		if len(c.Doc.Controls) > 0 {
			fmt.Fprintf(&b, " · %s", strings.Join(c.Doc.Controls, "; "))
		}
		b.WriteString("\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// sentence gives a mend that findings use as a clause the form of a sentence.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
