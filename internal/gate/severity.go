package gate

import (
	"fmt"
	"strings"
)

// Severity grades a finding, in the words shared by Trivy, NVD and the CVSS
// qualitative scale. The zero value is SeverityUnknown's rank but not its
// spelling: an absent severity stays absent.
type Severity string

// The severities, highest first. INFO is for findings that only inform; no
// vulnerability source uses it.
const (
	SeverityCritical Severity = "CRITICAL"
	SeverityHigh     Severity = "HIGH"
	SeverityMedium   Severity = "MEDIUM"
	SeverityLow      Severity = "LOW"
	SeverityInfo     Severity = "INFO"
	SeverityUnknown  Severity = "UNKNOWN"
)

var severityRanks = map[Severity]int{
	SeverityCritical: 5, SeverityHigh: 4, SeverityMedium: 3, SeverityLow: 2, SeverityInfo: 1,
}

// Rank orders severities: CRITICAL 5 down to INFO 1; UNKNOWN, and anything
// that is not a severity, is 0.
func (s Severity) Rank() int { return severityRanks[s] }

// LowerBound is the lowest CVSS v3 base score the severity can stand for
// (CVSS v3.1 specification, section 5): what a threshold compares when a
// vulnerability carries a severity and no score.
func (s Severity) LowerBound() float64 {
	switch s {
	case SeverityCritical:
		return 9.0
	case SeverityHigh:
		return 7.0
	case SeverityMedium:
		return 4.0
	case SeverityLow:
		return 0.1
	}
	return 0
}

// ParseSeverity reads a severity in any case. The error names the input and
// lists what is accepted.
func ParseSeverity(s string) (Severity, error) {
	v := Severity(strings.ToUpper(strings.TrimSpace(s)))
	if _, ok := severityRanks[v]; ok || v == SeverityUnknown {
		return v, nil
	}
	return "", fmt.Errorf("%q is not a severity: write CRITICAL, HIGH, MEDIUM, LOW, INFO or UNKNOWN", s)
}
