package main

import (
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestResultsStayUnderOneKilobyteWhateverTheVerdictHolds(t *testing.T) {
	v := verdictOn("registry.example/team/fail:1", true)
	v.ID = strings.Repeat("0", 36)
	const many = 999_999
	v.Counts = gate.Counts{Critical: many, High: many, Medium: many, Low: many, Unknown: many, Unfixed: many}
	for range 10_000 {
		v.Violations = append(v.Violations, v.Violations[0])
		v.Warnings = append(v.Warnings, v.Violations[0])
	}
	size := 0
	for name, value := range checkResults(outcome{verdict: &v}, time.Now()) {
		size += len(name) + len(value)
	}
	if size > 1000 {
		t.Errorf("the results have %d bytes together", size)
	}
}

func TestAVulnerabilityOfSeveralPlatformsIsCountedOnce(t *testing.T) {
	v := verdictOn("registry.example/team/fail:1", false)
	v.Notes = append(v.Notes, v.Notes[0])
	if got, want := unfixed(v), (bySeverity{Critical: 1, Unknown: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
