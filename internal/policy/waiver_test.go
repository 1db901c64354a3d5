package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestWaivers(t *testing.T) {
	for _, test := range []struct {
		name, waiver string
		waived       bool
	}{
		{"the vulnerability on the image", "vulnerability: CVE-2026-1, image: registry.example/team/*", true},
		{"any depth", "vulnerability: CVE-2026-1, image: registry.example/**", true},
		{"the package named", "vulnerability: CVE-2026-1, image: registry.example/team/app, package: openssl", true},
		{"another package", "vulnerability: CVE-2026-1, image: registry.example/team/app, package: zlib", false},
		{"another vulnerability", "vulnerability: CVE-2026-2, image: registry.example/team/*", false},
		{"another team", "vulnerability: CVE-2026-1, image: registry.example/te/*", false},
		{"a pattern reaches one component", "vulnerability: CVE-2026-1, image: registry.example/*", false},
		{"the check", "check: VULN-SEVERITY, image: registry.example/team/*", true},
		{"the rule", "rule: v, image: registry.example/team/*", true},
		{"another rule", "rule: w, image: registry.example/team/*", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, "rules: [{name: v, maxSeverity: LOW}]\nwaivers: [{"+test.waiver+", reason: not reachable, owner: team-a, expires: 2026-06-30}]")
			ev := sound(t)
			vulnerable(ev)
			v := p.Decide(ev, today, false)
			if (v.Decision == gate.Pass) != test.waived || (len(v.Waived) == 1) != test.waived {
				t.Fatalf("%s, %d waived", v.Decision, len(v.Waived))
			}
			if test.waived && (v.Waived[0].Waiver.Owner != "team-a" || v.Waived[0].Waiver.Reason != "not reachable") {
				t.Errorf("the waiver is not shown: %+v", v.Waived[0].Waiver)
			}
		})
	}
}

func TestAnExpiredWaiverBringsTheViolationBackAndSaysSo(t *testing.T) {
	p := load(t, "rules: [{name: v, maxSeverity: LOW}]\nwaivers: [{vulnerability: CVE-2026-1, image: '**', reason: r, owner: team-a, expires: 2026-06-30}]")
	ev := sound(t)
	vulnerable(ev)
	last := time.Date(2026, 6, 30, 23, 59, 59, 0, time.UTC)
	ev.Database.UpdatedAt = last
	v := p.Decide(ev, last, false)
	if v.Decision != gate.Pass {
		t.Error("the waiver does not count on its last day")
	}
	if !v.ExpiresAt.Equal(last.Add(time.Second)) {
		t.Errorf("the verdict outlives the waiver it needs: %s", v.ExpiresAt)
	}
	v = p.Decide(ev, last.Add(time.Second), false)
	if v.Decision != gate.Fail || !v.Violations[0].Waiver.Expired || !strings.Contains(v.Violations[0].Message, "the waiver of team-a expired on 2026-06-30") {
		t.Errorf("%s: %+v", v.Decision, v.Violations)
	}
}

func TestAWaivedReferenceIsNotForbidden(t *testing.T) {
	p := load(t, "rules: [{name: tags, pattern: ':latest$', action: deny}]\nwaivers: [{rule: tags, image: registry.example/tools/*, reason: r, owner: o, expires: 2026-12-31}]")
	if v := p.Reference(reference(t, "registry.example/tools/lint"), today); len(v) != 0 {
		t.Errorf("denied: %+v", v)
	}
	if v := p.Reference(reference(t, "registry.example/app/lint"), today); len(v) != 1 {
		t.Error("the waiver reaches another repository")
	}
}
