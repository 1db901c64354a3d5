package policy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestDecide(t *testing.T) {
	root := func(ev *gate.Evidence) {
		ev.Images[0].Config.User = ""
		zero := 0
		ev.Images[0].Contents.User = gate.User{UID: &zero, GID: &zero, Source: "default"}
	}
	shell := func(ev *gate.Evidence) {
		ev.Images[0].Contents.Shells = []gate.File{{Path: "/bin/sh"}}
		ev.Images[0].Contents.Class = gate.ClassSlim
	}
	for _, test := range []struct {
		name, policy                string
		change                      func(*gate.Evidence)
		violations, warnings, notes string
	}{
		{"a sound image passes the default", "default", nil, "", "", ""},
		{"a sound image passes strict", "strict", nil, "", "", ""},
		{"root is denied", "default", root, "USER-01", "", ""},
		{"a name as USER is a warning", "default", func(ev *gate.Evidence) { ev.Images[0].Config.User = "app" }, "", "USER-03", ""},
		{"a name as USER is denied by strict", "strict", func(ev *gate.Evidence) { ev.Images[0].Config.User = "app" }, "USER-03", "", ""},
		{"a shell is noted, and a system in one layer", "default", shell, "", "", "BASE-09 MIN-01"},
		{"a shell is denied by strict, twice over", "strict", shell, "BASE-07 MIN-01", "BASE-09", ""},
		{"a layer that lies is denied by every policy", "guide", func(ev *gate.Evidence) {
			ev.Reference = reference(t, "my-registry.com/app@"+digest)
			ev.Images[0].Contents.Layers[0].Problem = &gate.LayerProblem{Kind: gate.ProblemDiffID, Message: "other bytes"}
		}, "META-07", "", ""},
		{"an old database is denied by every policy", "default", func(ev *gate.Evidence) { ev.Database.UpdatedAt = today.Add(-73 * time.Hour) }, "SCAN-06", "", ""},
		{"layers that nobody read are denied", "default", func(ev *gate.Evidence) { ev.Images[0].Contents, ev.Images[0].Scan = nil, nil }, "META-07 SCAN-05 SCAN-01 USER-04", "CRED-01 CRED-04 BASE-10", ""},
		{"an end of life that nobody knows is a warning", "default", func(ev *gate.Evidence) { ev.Images[0].Scan.OS.EndOfLife = nil }, "", "BASE-10", ""},
		{"and denied by strict", "strict", func(ev *gate.Evidence) { ev.Images[0].Scan.OS.EndOfLife = nil }, "BASE-10", "", ""},
		{"what is no image is denied once", "default", func(ev *gate.Evidence) {
			ev.Images[0].Manifest.Config.MediaType = "application/vnd.cncf.helm.config.v1+json"
			ev.Images[0].Contents, ev.Images[0].Scan = nil, nil
		}, "META-01", "", ""},
		{"Java archives that nobody can name are a warning", "default", func(ev *gate.Evidence) {
			ev.Images[0].Scan.Problems = []gate.ScanProblem{{Kind: "java-db-absent", Message: "2 archives"}}
		}, "", "SCAN-05", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ev := sound(t)
			if test.change != nil {
				test.change(ev)
			}
			v := shipped(t, test.policy).Decide(ev, today, false)
			if got := checks(v.Violations); got != test.violations {
				t.Errorf("violations %q, want %q", got, test.violations)
			}
			if got := checks(v.Warnings); !strings.HasPrefix(got, test.warnings) || (test.warnings == "" && got != "") {
				t.Errorf("warnings %q, want %q", got, test.warnings)
			}
			if got := checks(v.Notes); test.notes != "" && got != test.notes {
				t.Errorf("notes %q, want %q", got, test.notes)
			}
			if (v.Decision == gate.Fail) != (test.violations != "") {
				t.Errorf("decision %s with violations %q", v.Decision, test.violations)
			}
			for _, f := range append(append(v.Violations, v.Warnings...), v.Notes...) {
				if f.Rule == "" || f.Message == "" {
					t.Errorf("a finding without rule or message: %+v", f)
				}
			}
		})
	}
}

func TestDecideIsPure(t *testing.T) {
	ev := sound(t)
	vulnerable(ev)
	before, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	p := shipped(t, "strict")
	first, second := p.Decide(ev, today, false), p.Decide(ev, today, false)
	if !reflect.DeepEqual(first, second) {
		t.Error("the same evidence gives two verdicts")
	}
	after, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("deciding changed the evidence")
	}
}

func TestAnEarlyDecisionSpeaksOnlyOfWhatWasLookedAt(t *testing.T) {
	ev := sound(t)
	ev.Images[0].Contents, ev.Images[0].Scan, ev.Database = nil, nil, nil
	p := shipped(t, "default")
	if v := p.Decide(ev, today, true); v.Decision != gate.Pass || len(v.Warnings) > 0 {
		t.Errorf("a sound config is denied early: %s %s", checks(v.Violations), checks(v.Warnings))
	}
	ev.Images[0].Config.User = "00"
	v := p.Decide(ev, today, true)
	if v.Decision != gate.Fail || checks(v.Violations) != "USER-02" {
		t.Fatalf("root is not denied early: %s", checks(v.Violations))
	}
	if pv := v.Platforms[0]; pv.UncompressedBytes != nil || pv.Packages != nil || pv.Class != "" || pv.OS != nil {
		t.Errorf("the verdict tells of what was not looked at: %+v", pv)
	}
	if v.Platforms[0].User.UID == nil || *v.Platforms[0].User.UID != 0 {
		t.Error("the verdict does not say that the user is root")
	}
}

func TestListsAreNeverNull(t *testing.T) {
	data, err := json.Marshal(shipped(t, "default").Decide(sound(t), today, false))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{`"violations":[]`, `"warnings":[]`, `"notes":[]`, `"waived":[]`} {
		if !strings.Contains(string(data), list) {
			t.Errorf("%s is not in %s", list, data)
		}
	}
}

func TestSeverityWarnTurnsAnyRuleIntoAWarning(t *testing.T) {
	ev := sound(t)
	ev.Images[0].Config.User = "app"
	vulnerable(ev)
	p := load(t, `rules:
- {name: tags, pattern: "^other/", action: allow, severity: warn}
- {name: vulnerabilities, maxSeverity: LOW, severity: warn}
- {name: user, user: {numeric: true}, severity: warn, message: Our users are numbers, fix: see the handbook}
- {name: label, cel: {expression: "image.config.labels.team == 'b'"}, severity: warn}
`)
	v := p.Decide(ev, today, false)
	if v.Decision != gate.Pass || checks(v.Warnings) != "CEL REF-ALLOW VULN-SEVERITY USER-03" {
		t.Errorf("%s: denied %q, warned %q", v.Decision, checks(v.Violations), checks(v.Warnings))
	}
	last := v.Warnings[len(v.Warnings)-1]
	if !strings.HasPrefix(last.Message, "Our users are numbers: ") || last.Fix != "see the handbook" {
		t.Errorf("the rule's own words are missing: %+v", last)
	}
}

func TestTheStrongestRuleSpeaks(t *testing.T) {
	ev := sound(t)
	ev.Images[0].Contents.Shells = []gate.File{{Path: "/bin/sh"}}
	p := load(t, `rules:
- {name: all, catalogue: {deny: CRITICAL, warn: HIGH}}
- {name: no-shell, contents: {shell: deny}}
`)
	if v := p.Decide(ev, today, false); len(v.Violations) != 1 || v.Violations[0].Rule != "no-shell" {
		t.Errorf("violations %+v", v.Violations)
	}
	off := load(t, `rules: [{name: all, catalogue: {deny: LOW, checks: {MIN-01: "off"}}}]`)
	if v := off.Decide(ev, today, false); v.Decision != gate.Pass {
		t.Errorf("a check that is off denies: %s", checks(v.Violations))
	}
}

func TestAVerdictExpires(t *testing.T) {
	p := load(t, "rules: [{name: f, freshness: {verdict: 2h}}]")
	if v := p.Decide(sound(t), today, false); !v.ExpiresAt.Equal(today.Add(2 * time.Hour)) {
		t.Errorf("expires at %s", v.ExpiresAt)
	}
}

func BenchmarkDecide(b *testing.B) {
	ev := sound(b)
	for i := range 500 {
		ev.Images[0].Scan.Packages = append(ev.Images[0].Scan.Packages, gate.Package{Name: "p"})
		if i < 200 {
			vulnerable(ev)
		}
	}
	p := shipped(b, "strict")
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(ev, today, false)
	}
}
