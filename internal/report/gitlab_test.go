package report

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func gitlabOf(t *testing.T, d Document) gitlabReport {
	t.Helper()
	var r gitlabReport
	if err := json.Unmarshal([]byte(written(t, "gitlab", d)), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r gitlabReport) finding(t *testing.T, name string) gitlabFinding {
	t.Helper()
	i := slices.IndexFunc(r.Vulnerabilities, func(f gitlabFinding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no finding named %s", name)
	}
	return r.Vulnerabilities[i]
}

func TestGitLabReadsWhereAFindingIs(t *testing.T) {
	r := gitlabOf(t, failing())
	cve := r.finding(t, "CVE-2026-1001")
	if cve.Severity != "Critical" || cve.Identifiers[0].Type != "cve" || cve.Identifiers[1].Value != "VULN-SEVERITY" || cve.Location.Dependency.Package.Name != "openssl" ||
		cve.Location.Dependency.Version != "3.0.9-1" || cve.Location.OperatingSystem != "debian 12.5" || cve.Solution != "update openssl to 3.0.15-1~deb12u1" {
		t.Errorf("%+v", cve)
	}
	for name, place := range map[string]string{"USER-01 root-implicit": "image configuration", "CRED-01 secret-patterns": "/app/.npmrc", "MIN-01 shell": "/usr/bin/dash"} {
		if got := r.finding(t, name).Location.Dependency.Package.Name; got != place {
			t.Errorf("%s is at %s, want %s", name, got, place)
		}
	}
}

func TestWhatIsWaivedDoesNotComeBackInGitLab(t *testing.T) {
	r := gitlabOf(t, failing())
	if slices.ContainsFunc(r.Vulnerabilities, func(f gitlabFinding) bool { return f.Name == "CVE-2025-900" }) {
		t.Error("a waived vulnerability is reported")
	}
	if !slices.Contains(r.Scan.Messages, gitlabMessage{"info", "The policy waives 1 finding, left out here."}) {
		t.Errorf("%v", r.Scan.Messages)
	}
}

func TestAFindingOfTwoPlatformsIsReportedOnce(t *testing.T) {
	d := failing()
	arm := d.Verdict.Violations[0]
	arm.Platform = "linux/arm64"
	d.Verdict.Violations = append(d.Verdict.Violations, arm)
	r := gitlabOf(t, d)
	if n := len(r.Vulnerabilities); n != len(gitlabOf(t, failing()).Vulnerabilities) {
		t.Errorf("%d findings", n)
	}
	if got := r.finding(t, "CVE-2026-1001").Details["platform"].Value; got != "linux/amd64, linux/arm64" {
		t.Errorf("of the platforms %s", got)
	}
}

func TestIDsAreTheSameForEveryBuild(t *testing.T) {
	rebuilt := failing()
	rebuilt.Verdict.Image, rebuilt.Verdict.Digest = "registry.example/shop/cart:2", digest("f")
	before, after := gitlabOf(t, failing()), gitlabOf(t, rebuilt)
	seen := map[string]bool{}
	for i, f := range before.Vulnerabilities {
		if after.Vulnerabilities[i].ID != f.ID || seen[f.ID] {
			t.Errorf("%s has the id %s, then %s", f.Name, f.ID, after.Vulnerabilities[i].ID)
		}
		seen[f.ID] = true
	}
	if want := "6e19a01b-b26a-5ce8-97e8-f9c170d88163"; before.finding(t, "CVE-2026-1001").ID != want {
		t.Errorf("the way ids are made has changed: %s", before.finding(t, "CVE-2026-1001").ID)
	}
}

func TestVectorsThatGitLabRefusesAreLeftOut(t *testing.T) {
	for vector, kept := range map[string]int{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 1, "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 0, "CVSS:3.1/AV:N\n": 0} {
		d := failing()
		d.Verdict.Violations[0].Vulnerability = &gate.VulnerabilityRef{ID: "CVE-2026-1001", Vector: vector}
		if got := gitlabOf(t, d).finding(t, "CVE-2026-1001").CVSS; len(got) != kept {
			t.Errorf("%q: %v", vector, got)
		}
	}
}
