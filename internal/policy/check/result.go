package check

import "fmt"

func pass() Result { return Result{Outcome: Pass} }

func unknown(format string, args ...any) Result {
	return Result{Outcome: Unknown, Reason: fmt.Sprintf(format, args...)}
}

func notApplicable(format string, args ...any) Result {
	return Result{Outcome: NotApplicable, Reason: fmt.Sprintf(format, args...)}
}

// verdictOn fails when there are findings and passes when there are none.
func verdictOn(findings []Finding) Result {
	if len(findings) == 0 {
		return pass()
	}
	return Result{Outcome: Fail, Findings: findings}
}

func failed(f Finding) Result { return Result{Outcome: Fail, Findings: []Finding{f}} }

func at(layer int) *int { return &layer }

// maxFindings bounds what one check says of one image: after that many, one
// more sentence says how many were left out.
const maxFindings = 50

// bounded cuts a list of findings and says so.
func bounded(findings []Finding, what string) []Finding {
	if len(findings) <= maxFindings {
		return findings
	}
	rest := len(findings) - maxFindings
	last := findings[maxFindings-1]
	return append(findings[:maxFindings:maxFindings], Finding{Severity: last.Severity, Message: fmt.Sprintf("and %d more %s", rest, what), Fix: "mend those listed first: they usually share a cause"})
}
