package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

func sarifOf(t *testing.T, d Document) sarifRun {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(written(t, "sarif", d)), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log.Runs[0]
}

// result finds the result of a rule.
func (r sarifRun) result(t *testing.T, id string) sarifResult {
	t.Helper()
	i := slices.IndexFunc(r.Results, func(s sarifResult) bool { return s.RuleID == id })
	if i < 0 {
		t.Fatalf("no result of %s", id)
	}
	if rule := r.Tool.Driver.Rules[r.Results[i].RuleIndex]; rule.ID != id {
		t.Errorf("%s points to the rule %s", id, rule.ID)
	}
	return r.Results[i]
}

func TestSARIFSaysWhatTheGateMadeOfEachFinding(t *testing.T) {
	run := sarifOf(t, failing())
	for id, level := range map[string]string{"CVE-2026-1001": "error", "USER-01": "error", "SCAN-02": "error", "MIN-01": "warning", "CVE-2025-901": "note", "CVE-2025-900": "error"} {
		if r := run.result(t, id); r.Level != level || (len(r.Suppressions) > 0) != (id == "CVE-2025-900") {
			t.Errorf("%s is %s with %v", id, r.Level, r.Suppressions)
		}
	}
	waived := run.result(t, "CVE-2025-900").Suppressions[0]
	if waived.Kind != "external" || waived.Status != "accepted" || !strings.Contains(waived.Justification, "team-cart until 2026-09-02: tar is never run") {
		t.Errorf("%+v", waived)
	}
	token := run.result(t, "CRED-01").Locations[0]
	if token.Physical.Artifact.URI != "registry.example/shop/cart/app/.npmrc" || token.Logical[0].Name != "layer 2" {
		t.Errorf("%+v", token)
	}
}

func TestSARIFRulesTellWhatChecksSay(t *testing.T) {
	run := sarifOf(t, passing())
	if got, want := len(run.Tool.Driver.Rules), len(check.All())+len(policyRules); got != want {
		t.Errorf("%d rules, want the whole catalogue and the policy's own: %d", got, want)
	}
	for _, r := range run.Tool.Driver.Rules {
		if c := check.ByID(r.ID); c != nil && (!strings.Contains(r.Help.Markdown, c.Doc.Fix) || !strings.Contains(r.Help.Text, c.Doc.Why) || r.Name != c.Name) {
			t.Errorf("%s does not tell its check", r.ID)
		}
	}
	fail := sarifOf(t, failing())
	rule := fail.Tool.Driver.Rules[fail.result(t, "CVE-2026-1001").RuleIndex]
	if rule.Properties.SecuritySeverity != "9.8" || rule.HelpURI != "https://nvd.nist.gov/vuln/detail/CVE-2026-1001" || !strings.HasSuffix(rule.Short.Text, ": a flaw of openssl") {
		t.Errorf("%+v", rule)
	}
}

func TestARuleKeepsTheHighestScoreOfItsVulnerability(t *testing.T) {
	d := failing()
	again := d.Verdict.Violations[1]
	again.Package, again.Vulnerability = &gate.PackageRef{Name: "other", Fixed: "2"}, &gate.VulnerabilityRef{ID: again.Vulnerability.ID, Score: 10}
	d.Verdict.Violations = append(d.Verdict.Violations, again)
	run := sarifOf(t, d)
	if got := run.Tool.Driver.Rules[run.result(t, again.Vulnerability.ID).RuleIndex].Properties.SecuritySeverity; got != "10.0" {
		t.Errorf("scored %s", got)
	}
}

func TestFingerprintsSurviveARebuild(t *testing.T) {
	before := sarifOf(t, failing())
	rebuilt := failing()
	rebuilt.Verdict.Digest, rebuilt.Verdict.Image = digest("f"), "registry.example/shop/cart:1.4.3"
	slices.Reverse(rebuilt.Verdict.Violations)
	for i := range rebuilt.Verdict.Violations {
		f := &rebuilt.Verdict.Violations[i]
		if f.Layer != nil {
			f.Layer = &gate.LayerRef{Index: f.Layer.Index + 3, DiffID: digest("e")}
		}
		if f.Package != nil {
			p := *f.Package
			p.Installed, f.Package = "0.9", &p
		}
	}
	after := sarifOf(t, rebuilt)
	seen := map[string]bool{}
	for _, r := range before.Results {
		mark := r.Fingerprints["imagegate/v1"]
		if seen[mark] {
			t.Errorf("%s shares its fingerprint with another", r.RuleID)
		}
		seen[mark] = true
		if now := after.result(t, r.RuleID); now.Fingerprints["imagegate/v1"] != mark || now.Locations[0].Physical != r.Locations[0].Physical {
			t.Errorf("%s is another finding after a rebuild", r.RuleID)
		}
	}
	if before.Automation.ID != after.Automation.ID {
		t.Error("runs of one repository are of two categories")
	}
}

func TestAnErrorIsAFailedInvocation(t *testing.T) {
	run := sarifOf(t, broken())
	i := run.Invocations[0]
	if i.Successful || len(run.Results) != 0 || i.Notifications[0].Message.Text != "the registry did not answer" {
		t.Errorf("%+v", i)
	}
}

func TestARunHoldsAsManyResultsAsReadersTake(t *testing.T) {
	d := passing()
	for range maxResults + 5 {
		d.Verdict.Notes = append(d.Verdict.Notes, gate.Violation{Check: "META-08"})
	}
	run := sarifOf(t, d)
	if len(run.Results) != maxResults || !strings.Contains(run.Invocations[0].Notifications[0].Message.Text, "5 findings are left out") {
		t.Errorf("%d results, %v", len(run.Results), run.Invocations)
	}
}

func TestLocationsAreRelativeReferences(t *testing.T) {
	for image, want := range map[string]string{
		"localhost:5000/app:1":    "localhost%3A5000/app",
		"docker-archive:/tmp/a b": "docker-archive//tmp/a%20b",
		"::not a reference::":     "%3A%3Anot%20a%20reference%3A%3A",
	} {
		if got := location(gate.Verdict{Image: image}, gate.Violation{}).Physical.Artifact.URI; got != want {
			t.Errorf("%s is at %s, want %s", image, got, want)
		}
	}
}
