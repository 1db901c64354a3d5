package audit

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// ReportOptions say how a report looks and what counts.
type ReportOptions struct {
	// Color uses SGR sequences in the table.
	Color bool
	// Fails is the least severity that fails the audit.
	Fails gate.Severity
	// Strict lets what could not be told fail too.
	Strict bool
	// Version is the program's, for formats that name their tool.
	Version string
	// Skipped are files that were passed over.
	Skipped []manifest.Skip
}

// writers are the formats by name.
var writers = map[string]func(io.Writer, []Finding, ReportOptions) error{
	"table": writeTable, "json": writeJSON, "sarif": writeSARIF, "junit": writeJUnit, "markdown": writeMarkdown,
}

// Formats are the formats' names.
func Formats() []string { return []string{"table", "json", "sarif", "junit", "markdown"} }

// KnownFormat reports whether Write knows the format.
func KnownFormat(format string) bool { return slices.Contains(Formats(), format) }

// Write reports findings in a format. Text that manifests' authors may have
// written is made safe for terminals, XML and Markdown. The error is
// CodeInvalid for an unknown format, or the writer's.
func Write(w io.Writer, format string, findings []Finding, o ReportOptions) error {
	write, ok := writers[format]
	if !ok {
		return gate.NewError(gate.CodeInvalid, "there is no format "+format+": write "+strings.Join(Formats(), ", "), nil)
	}
	return write(w, findings, o)
}

// Failing counts the findings that fail the audit.
func (o ReportOptions) Failing(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if o.fails(f) {
			n++
		}
	}
	return n
}

func (o ReportOptions) fails(f Finding) bool {
	return f.Severity.Rank() >= o.Fails.Rank() && (f.Outcome == "" || o.Strict)
}

// Summary counts findings by severity. Unknown counts those whose outcome is
// unknown, and only there.
type Summary struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`
	Unknown  int `json:"unknown"`
}

// Summarize counts findings.
func Summarize(findings []Finding) Summary {
	var s Summary
	for _, f := range findings {
		if f.Outcome == unknown {
			s.Unknown++
			continue
		}
		switch f.Severity {
		case gate.SeverityCritical:
			s.Critical++
		case gate.SeverityHigh:
			s.High++
		case gate.SeverityMedium:
			s.Medium++
		case gate.SeverityLow:
			s.Low++
		default:
			s.Info++
		}
	}
	return s
}

// name is a check's name by its id.
func name(id string) string {
	for _, c := range All() {
		if c.ID == id {
			return c.Name
		}
	}
	return ""
}

// subject is what a finding is about: kind, namespace, name and container.
func (f Finding) subject() string {
	if f.Kind == "" {
		return "all objects"
	}
	s := f.Kind + " "
	if f.Namespace != "" {
		s += f.Namespace + "/"
	}
	s += f.Name
	if f.Container != "" {
		s += ", container " + f.Container
	}
	return s
}

// place is file, line and field.
func (f Finding) place() string {
	s := f.File
	if s != "" && f.Line > 0 {
		s += ":" + strconv.Itoa(f.Line)
	}
	return strings.TrimSpace(s + " " + f.Field)
}
