package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

// results are files by name, as Tekton reads them after a step. Tekton has
// room for some 4 KB in all, and loses more than that silently: they stay
// under 1 KB together. None is named as Tekton Chains reads it (…IMAGE_URL,
// …IMAGE_DIGEST, IMAGES, …ARTIFACT_OUTPUTS): Chains signs whatever is.
type results map[string]string

// Names of results. A file is written for each, empty where nothing is known,
// so that what reads it later in a pipeline is not skipped.
const (
	resultDecision   = "decision"
	resultDigest     = "digest"
	resultEvaluation = "evaluation-id"
	resultSignature  = "signature"
	resultTest       = "TEST_OUTPUT"
	resultScan       = "SCAN_OUTPUT"
)

func resultsFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "results-dir", "", "directory to write small result files to, as Tekton's steps do (/tekton/results)")
}

// writeResults writes them; an empty dir writes none.
func writeResults(dir string, r results) error {
	if dir == "" {
		return nil
	}
	for name, value := range r {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
			return gate.NewError(gate.CodeUnavailable, "the result "+name+" cannot be written to --results-dir "+dir, err)
		}
	}
	return nil
}

// checkResults are those of a verdict, or of there being none.
func checkResults(o outcome, now time.Time) results {
	if o.err != nil || o.verdict == nil {
		return results{
			resultDecision: string(gate.Errored), resultDigest: "", resultEvaluation: "", resultSignature: "",
			resultTest: asResult(testOutput{Result: "ERROR", Timestamp: now.UTC().Format(time.RFC3339)}), resultScan: "{}",
		}
	}
	v := *o.verdict
	return results{
		resultDecision: string(v.Decision), resultDigest: v.Digest, resultEvaluation: v.ID, resultSignature: v.Signature.State,
		resultTest: asResult(testOutputOf(v, now)), resultScan: scanOutput(v),
	}
}

// testOutput is the result other pipelines read (Konflux ADR-0030).
type testOutput struct {
	Result    string `json:"result"`
	Timestamp string `json:"timestamp"`
	Successes int    `json:"successes"`
	Failures  int    `json:"failures"`
	Warnings  int    `json:"warnings"`
}

// testOutputOf counts findings as failures and warnings. The gate does not say
// how many checks found nothing: a pass is one success.
func testOutputOf(v gate.Verdict, now time.Time) testOutput {
	out := testOutput{Result: "SUCCESS", Timestamp: now.UTC().Format(time.RFC3339), Failures: len(v.Violations), Warnings: len(v.Warnings)}
	switch {
	case v.ExitStatus() == exitError:
		out.Result = "ERROR"
	case v.Decision == gate.Fail:
		out.Result = "FAILURE"
	case len(v.Warnings) > 0:
		out.Result, out.Successes = "WARNING", 1
	default:
		out.Successes = 1
	}
	return out
}

// bySeverity are counts of vulnerabilities.
type bySeverity struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Unknown  int `json:"unknown"`
}

// scanOutput is the second of ADR-0030's results. What was not scanned, because
// a cheaper check denied, has no counts: they would read as nothing found.
func scanOutput(v gate.Verdict) string {
	if v.Database == nil {
		return "{}"
	}
	c := v.Counts
	return asResult(struct {
		All     bySeverity `json:"vulnerabilities"`
		Unfixed bySeverity `json:"unpatched_vulnerabilities"`
	}{bySeverity{c.Critical, c.High, c.Medium, c.Low, c.Unknown}, unfixed(v)})
}

// unfixed counts what has no fix. The verdict lists those above its policy's
// limits; the severity of the rest is not in it, so they count as unknown.
func unfixed(v gate.Verdict) bySeverity {
	var out bySeverity
	type key struct{ id, name, installed string }
	seen := map[key]bool{}
	for _, list := range [][]gate.Violation{v.Violations, v.Warnings, v.Notes, v.Waived} {
		for _, f := range list {
			if f.Vulnerability == nil || f.Package == nil || f.Package.Fixed != "" {
				continue
			}
			k := key{f.Vulnerability.ID, f.Package.Name, f.Package.Installed}
			if !seen[k] {
				seen[k] = true
				out.add(f.Vulnerability.Severity)
			}
		}
	}
	out.Unknown += max(0, v.Counts.Unfixed-len(seen))
	return out
}

func (b *bySeverity) add(s gate.Severity) {
	switch s {
	case gate.SeverityCritical:
		b.Critical++
	case gate.SeverityHigh:
		b.High++
	case gate.SeverityMedium:
		b.Medium++
	case gate.SeverityLow:
		b.Low++
	default:
		b.Unknown++
	}
}

func asResult(v any) string {
	data, err := json.Marshal(v)
	if err != nil { // of plain structs: cannot be
		return "{}"
	}
	return string(data)
}
