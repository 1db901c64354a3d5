package audit

import (
	"encoding/json"
	"io"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Report is the JSON form of an audit.
type Report struct {
	// Failed says whether a finding is at or above the severity asked for.
	Failed   bool            `json:"failed"`
	Summary  Summary         `json:"summary"`
	Findings []Finding       `json:"findings"`
	Skipped  []manifest.Skip `json:"skipped,omitempty"`
}

// NewReport sums findings up.
func NewReport(findings []Finding, o ReportOptions) Report {
	if findings == nil {
		findings = []Finding{}
	}
	return Report{Failed: o.Failing(findings) > 0, Summary: Summarize(findings), Findings: findings, Skipped: o.Skipped}
}

func writeJSON(w io.Writer, findings []Finding, o ReportOptions) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(NewReport(findings, o))
}
