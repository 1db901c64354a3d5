package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// hostile is a bundle whose author tries what terminals, XML and Markdown
// would do with names.
const hostile = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\u001b[2Jb", "namespace": "x|y"}, "spec": {"containers": [{"name": "<img src=x>\n| @all", "image": "nginx\u202e"}]}}`

func audited(t *testing.T) []Finding {
	t.Helper()
	findings, err := CheckManifests("dir/a b.yaml", []byte(hostile), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func written(t *testing.T, format string, o ReportOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, audited(t), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNoFormatPassesControlCharactersOn(t *testing.T) {
	for _, format := range Formats() {
		got := written(t, format, ReportOptions{Fails: gate.SeverityMedium})
		for _, bad := range []string{"\x1b", "\u202e"} {
			if strings.Contains(got, bad) && (format != "json" || bad != "\u202e") {
				t.Errorf("%s passes %q on", format, bad)
			}
		}
	}
}

func TestTheTableSaysWhatFailsWhereAndWhatToDo(t *testing.T) {
	got := written(t, "table", ReportOptions{Fails: gate.SeverityHigh, Skipped: []manifest.Skip{{File: "k.yaml", Reason: "a source"}}})
	for _, s := range []string{"W-04 readonly-rootfs", "dir/a b.yaml:1 spec.containers[0]", "fix: ", "skipped k.yaml: a source", "FAIL, ", "at or above HIGH"} {
		if !strings.Contains(got, s) {
			t.Errorf("the table does not say %q:\n%s", s, got)
		}
	}
	if strings.Contains(got, "W-21") {
		t.Error("the table shows what only informs")
	}
}

func TestAnEmptyReportPasses(t *testing.T) {
	for _, format := range Formats() {
		var b bytes.Buffer
		if err := Write(&b, format, nil, ReportOptions{Fails: gate.SeverityMedium}); err != nil || b.Len() == 0 {
			t.Errorf("%s: %v %q", format, err, b.String())
		}
	}
}

func TestMarkdownStaysText(t *testing.T) {
	got := written(t, "markdown", ReportOptions{Fails: gate.SeverityMedium})
	if strings.Contains(got, "<img") || strings.Contains(got, "@all") || strings.Contains(got, "x|y") {
		t.Error(got)
	}
}

func TestJSONKeepsThePatch(t *testing.T) {
	var r Report
	if err := json.Unmarshal([]byte(written(t, "json", ReportOptions{Fails: gate.SeverityMedium})), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Failed || r.Summary.High == 0 || r.Summary.Unknown == 0 {
		t.Errorf("%+v", r.Summary)
	}
	for _, f := range r.Findings {
		if f.Check == "W-07" {
			if len(f.Patch) != 1 || f.Patch[0].Op != "add" || f.Patch[0].Path != "/spec/containers/0/securityContext" {
				t.Errorf("%+v", f.Patch)
			}
			return
		}
	}
	t.Error("W-07 is not among the findings")
}

func TestAPatchToFalseKeepsItsValue(t *testing.T) {
	data, err := json.Marshal(Operation{Op: "add", Path: "/a", Value: false})
	if err != nil || string(data) != `{"op":"add","path":"/a","value":false}` {
		t.Error(string(data), err)
	}
}

func TestSARIFNamesItsRulesAndPlaces(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal([]byte(written(t, "sarif", ReportOptions{Version: "1.2"})), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || len(run.Tool.Driver.Rules) != len(All()) {
		t.Errorf("version %s, %d rules", log.Version, len(run.Tool.Driver.Rules))
	}
	prints := map[string]bool{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s points at rule %d", r.RuleID, r.RuleIndex)
		}
		if prints[r.Fingerprints["imagegate/v1"]] {
			t.Errorf("two results of %s have one fingerprint", r.RuleID)
		}
		prints[r.Fingerprints["imagegate/v1"]] = true
		if r.Kind == "review" && r.Level != "none" {
			t.Errorf("%s is unknown and has level %s", r.RuleID, r.Level)
		}
		if len(r.Locations) > 0 && r.Locations[0].Physical != nil && (r.Locations[0].Physical.Artifact.URI != "dir/a%20b.yaml" || r.Locations[0].Physical.Region.StartLine != 1) {
			t.Errorf("%+v", r.Locations[0].Physical)
		}
	}
}

func TestJUnitCountsWhatItHolds(t *testing.T) {
	text := written(t, "junit", ReportOptions{Fails: gate.SeverityHigh})
	var suites junitSuites
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		t.Fatal(err)
	}
	suite, failures, skipped := suites.Suites[0], 0, 0
	for _, c := range suite.Cases {
		if c.Failure != nil {
			failures++
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	if failures == 0 || failures != suite.Failures || skipped != suite.Skipped || len(suite.Cases) != suite.Tests {
		t.Errorf("%d failures, %d skipped, %d cases: %+v", failures, skipped, len(suite.Cases), suite)
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if err := Write(io.Discard, "pdf", nil, ReportOptions{}); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "pdf") {
		t.Error(err)
	}
}
