// Package report writes verdicts for people and machines. It reads the verdict
// document and nothing else, so a stored verdict reports as a fresh one does.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Formats are the names Write accepts.
func Formats() []string { return []string{"table", "json"} }

// Options say how to write.
type Options struct {
	// Color adds terminal colours to the table.
	Color bool
	// All writes every finding; otherwise long lists are cut, with a line
	// that says how many there are.
	All bool
}

// Write writes one verdict in the named format.
func Write(w io.Writer, format string, v gate.Verdict, o Options) error {
	switch format {
	case "table", "":
		return table(w, v, o)
	case "json":
		return document(w, v)
	}
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%q is not an output format: choose one of %s", format, strings.Join(Formats(), ", ")), nil)
}

// Known reports whether format is one Write accepts.
func Known(format string) bool { return slices.Contains(Formats(), format) }
