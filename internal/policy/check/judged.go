package check

import (
	"slices"

	"github.com/imagegate/imagegate/internal/gate"
)

// judged fails on findings. Where there are none, one of the lists they were
// drawn from may have been cut before the file in question: then nothing is
// certain. lists are names as Contents.Truncated has them.
func judged(c *gate.Contents, what string, findings []Finding, lists ...string) Result {
	if len(findings) == 0 && slices.ContainsFunc(lists, func(l string) bool { return slices.Contains(c.Truncated, l) }) {
		return unknown("the image has more %s than the gate keeps, and none of those kept is at fault", what)
	}
	return verdictOn(graded(findings, what))
}

// graded bounds findings whose severities differ: the worst come first, and the
// sentence about those left out is as severe as the worst of them.
func graded(findings []Finding, what string) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int { return b.Severity.Rank() - a.Severity.Rank() })
	out := bounded(findings, what)
	if len(findings) > maxFindings {
		out[maxFindings].Severity = findings[maxFindings].Severity
	}
	return out
}
