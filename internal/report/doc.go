// Package report writes verdicts for people and machines: for a terminal, a
// browser and a pull request, and in the forms that code hosts and CI systems
// read. It reads stored documents and nothing else, so a stored verdict reports
// as a fresh one does.
//
// Nearly all text in a verdict comes from an image's author. Each format makes
// it plain text in its own language; clean does what all of them share.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// Document is what there is to report.
type Document struct {
	Verdict gate.Verdict
	// Evidence is what the verdict was made of; nil where none was stored.
	// Formats that show layers and packages show less without it.
	Evidence *gate.Evidence
}

// image is the evidence of one platform; nil when there is none.
func (d Document) image(platform string) *gate.ImageEvidence {
	if d.Evidence == nil {
		return nil
	}
	for i := range d.Evidence.Images {
		if d.Evidence.Images[i].Platform == platform {
			return &d.Evidence.Images[i]
		}
	}
	return nil
}

// Options say how to write.
type Options struct {
	// Color adds terminal colours to the table.
	Color bool
	// All writes every finding of the table; otherwise long lists are cut,
	// with a line that says how many there are.
	All bool
	// Version is the program's, for formats that name their tool.
	Version string
	// DefaultBranchImage is the name the image has on the default branch, by
	// which GitLab recognises findings of other branches' images.
	DefaultBranchImage string
}

// format is one way to write a document.
type format struct {
	name, media string
	write       func(io.Writer, Document, Options) error
}

func formats() []format {
	return []format{
		{"table", "text/plain; charset=utf-8", table},
		{"json", "application/json", document},
		{"sarif", "application/sarif+json", sarif},
		{"junit", "application/xml", junit},
		{"gitlab", "application/json", gitlab},
		{"markdown", "text/markdown; charset=utf-8", markdown},
		{"html", "text/html; charset=utf-8", page},
	}
}

func find(name string) (format, bool) {
	all := formats()
	i := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}, false
	}
	return all[i], true
}

// Formats are the names Write accepts.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Known reports whether format is one Write accepts.
func Known(format string) bool {
	_, ok := find(format)
	return ok
}

// MediaType is the Content-Type of a format; empty for an unknown one.
func MediaType(format string) string {
	f, _ := find(format)
	return f.media
}

// Write writes one document in the named format; "" is the table. The same
// document gives the same bytes. The error is CodeInvalid for a format that is
// not known, or w's.
func Write(w io.Writer, format string, d Document, o Options) error {
	if format == "" {
		format = "table"
	}
	f, ok := find(format)
	if !ok {
		return unknownFormat(format, Formats())
	}
	return f.write(w, d, o)
}

func unknownFormat(format string, known []string) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf("%.40q is not an output format: choose one of %s", format, strings.Join(known, ", ")), nil)
}
