package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// found lists where each finding of a check went.
func found(v gate.Verdict, check string) string {
	var out []string
	for _, list := range []struct {
		name     string
		findings []gate.Violation
	}{{"denied", v.Violations}, {"warned", v.Warnings}, {"noted", v.Notes}, {"waived", v.Waived}} {
		for _, f := range list.findings {
			if f.Check == check {
				out = append(out, list.name+" "+string(f.Severity))
			}
		}
	}
	return strings.Join(out, ", ")
}

// writable puts a world-writable file into the sound image.
func writable(ev *gate.Evidence) {
	ev.Images[0].Contents.WorldWritable = []gate.File{{Path: "/app/cache/x", Mode: 0o666}}
}

func TestAPolicySaysWhatEachCheckIsWorth(t *testing.T) {
	for _, s := range []struct {
		name, checks, want string
		change             func(*gate.Evidence)
	}{
		{name: "nothing in particular", checks: "{}", want: "warned MEDIUM"},
		{name: "one check", checks: "{FS-03: deny}", want: "denied MEDIUM"},
		{name: "off", checks: `{FS-03: "off"}`, want: ""},
		{name: "a family", checks: "{FS-*: deny}", want: "denied MEDIUM"},
		{name: "another family", checks: "{MIN-*: deny}", want: "warned MEDIUM"},
		{name: "one check goes before its family", checks: "{FS-03: note, FS-*: deny}", want: "noted MEDIUM"},
		{name: "another severity", checks: "{FS-03: {severity: HIGH}}", want: "denied HIGH"},
		{name: "another severity, lower", checks: "{FS-03: {severity: LOW}}", want: "noted LOW"},
		{name: "an action whatever the severity", checks: "{FS-03: {severity: CRITICAL, action: warn}}", want: "warned CRITICAL"},
		{name: "an exception for the path", checks: "{FS-03: {action: deny, allow: [/app/cache/**]}}", want: "noted MEDIUM"},
		{name: "an exception for another path", checks: "{FS-03: {action: deny, allow: [/app/data/**]}}", want: "denied MEDIUM"},
		{name: "an exception of the family", checks: "{FS-*: {action: deny, allow: [/app/cache/x]}}", want: "noted MEDIUM"},
		{name: "unknown, noted", checks: "{FS-03: {action: deny, unknown: note}}", want: "noted MEDIUM", change: func(ev *gate.Evidence) {
			ev.Images[0].Contents.WorldWritable, ev.Images[0].Contents.Truncated = nil, []string{"worldWritable"}
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			p := load(t, "rules:\n- name: catalogue\n  catalogue:\n    deny: HIGH\n    warn: MEDIUM\n    unknown: deny\n    checks: "+s.checks+"\n")
			ev := sound(t)
			writable(ev)
			if s.change != nil {
				s.change(ev)
			}
			if got := found(p.Decide(ev, today, false), "FS-03"); got != s.want {
				t.Errorf("FS-03 is %q, want %q", got, s.want)
			}
		})
	}
}

func TestSomeChecksHaveOptions(t *testing.T) {
	for _, s := range []struct {
		name, checks, check, want string
		change                    func(*gate.Evidence)
	}{
		{"a label that is missing", "{META-12: {action: deny, labels: [team, org.opencontainers.image.source]}}", "META-12", "denied LOW", nil},
		{"a label that is there", "{META-12: {action: deny, labels: [team]}}", "META-12", "", nil},
		{"a licence", "{SCAN-08: {licenses: [AGPL-3.0]}}", "SCAN-08", "noted LOW", func(ev *gate.Evidence) {
			ev.Images[0].Scan.Packages[0].Licenses = []string{"AGPL-3.0-only"}
		}},
		{"another licence", "{SCAN-08: {licenses: [AGPL-3.0]}}", "SCAN-08", "", func(ev *gate.Evidence) {
			ev.Images[0].Scan.Packages[0].Licenses = []string{"MIT"}
		}},
		{"a budget of packages", "{MIN-08: {action: warn, maxPackages: 2}}", "MIN-08", "warned LOW", func(ev *gate.Evidence) { ev.Images[0].Scan.OSPackages = 3 }},
		{"a probability of exploitation", "{SCAN-07: {minEPSS: 0.5}}", "SCAN-07", "denied CRITICAL", func(ev *gate.Evidence) {
			ev.Exploits = &gate.Exploits{UpdatedAt: today, Digest: "sha256:k", Count: 1}
			vulnerable(ev, func(v *gate.Vulnerability) { v.EPSS = 0.6 })
		}},
		{"a uid that is high enough here", "{USER-07: {minUID: 1000}}", "USER-07", "", func(ev *gate.Evidence) {
			id := 1000
			ev.Images[0].Contents.User.UID, ev.Images[0].Config.User = &id, "1000:1000"
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			p := load(t, "rules:\n- name: catalogue\n  catalogue: {deny: HIGH, warn: MEDIUM, checks: "+s.checks+"}\n")
			ev := sound(t)
			if s.change != nil {
				s.change(ev)
			}
			if got := found(p.Decide(ev, today, false), s.check); got != s.want {
				t.Errorf("%s is %q, want %q", s.check, got, s.want)
			}
		})
	}
}

func TestWhatGuardsTheGatesSightIsNotTalkedDown(t *testing.T) {
	p := load(t, "rules:\n- name: catalogue\n  catalogue: {deny: HIGH, checks: {META-*: {severity: LOW, action: \"off\", allow: [\"*\", \"/**\"]}}}\n")
	ev := sound(t)
	ev.Images[0].Config.DiffIDs = append(ev.Images[0].Config.DiffIDs, digest)
	v := p.Decide(ev, today, false)
	if v.Decision != gate.Fail || !strings.HasPrefix(found(v, "META-06"), "denied") {
		t.Errorf("%s, META-06 is %q", v.Decision, found(v, "META-06"))
	}
}

// TestOneCheckIsOffForOneRepositoryUntilADate is the three lines a team writes.
func TestOneCheckIsOffForOneRepositoryUntilADate(t *testing.T) {
	p := load(t, `rules:
- {name: contents, contents: {worldWritable: deny}}
waivers:
- {check: FS-03, image: registry.example/team/app, expires: 2026-08-31,
   owner: team@example.org, reason: moves to a volume in release 12}
`)
	ev := sound(t)
	writable(ev)
	v := p.Decide(ev, today, false)
	if v.Decision != gate.Pass || found(v, "FS-03") != "waived MEDIUM" || v.Waived[0].Waiver.Until() != "2026-08-31" {
		t.Errorf("%s, FS-03 is %q: %+v", v.Decision, found(v, "FS-03"), v.Waived)
	}
	if v := p.Decide(ev, today.Add(120*24*time.Hour), false); found(v, "FS-03") != "denied MEDIUM" {
		t.Errorf("after the date FS-03 is %q", found(v, "FS-03"))
	}
	other := sound(t)
	writable(other)
	other.Reference = reference(t, "registry.example/team/other:1@"+digest)
	if v := p.Decide(other, today, false); found(v, "FS-03") != "denied MEDIUM" {
		t.Errorf("in another repository FS-03 is %q", found(v, "FS-03"))
	}
}

func TestAFamilyCanBeWaived(t *testing.T) {
	p := load(t, "rules:\n- {name: contents, contents: {worldWritable: deny}}\nwaivers:\n- {check: FS-*, image: registry.example/team/app, expires: 2026-08-31, owner: a, reason: b}\n")
	ev := sound(t)
	writable(ev)
	if v := p.Decide(ev, today, false); found(v, "FS-03") != "waived MEDIUM" {
		t.Errorf("FS-03 is %q", found(v, "FS-03"))
	}
}

func TestSettingsThatMeanNothingAreRefused(t *testing.T) {
	for checks, says := range map[string]string{
		"{FS-99: deny}":               "FS-99",
		"{FS-03: perhaps}":            "expected deny or warn or note or off",
		"{FS-03: {allow: ['[']}}":     "not a glob",
		"{FS-03: {severity: urgent}}": "expected CRITICAL",
		"{FS-03: {ports: [1]}}":       "unknown field",
		"{FS-03: {labels: [a]}}":      "unknown field",
		"{SCAN-07: {minEPSS: 2}}":     "from 0 to 1",
	} {
		_, err := Load("test.yaml", []byte(header+"rules:\n- name: c\n  catalogue: {checks: "+checks+"}\n"))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %q", checks, err, says)
		}
	}
}

func TestASupplyRuleAsksTheGateToLook(t *testing.T) {
	p := load(t, "rules:\n- name: supply\n  supply:\n    registries: [registry.example/team]\n    sbom: required\n    provenance: required\n    builders: ['https://ci.example/*']\n- name: base\n  base: {approved: [registry.example/base:1], lookUp: [ghcr.io], truthful: required, pinned: required, lineage: required, grace: 3d}\n")
	n := p.Needs()
	if !n.Supply || !slices.Equal(n.LookUp, []string{"ghcr.io"}) || !slices.Equal(n.Bases, []string{"registry.example/base:1"}) {
		t.Errorf("the policy needs %+v", n)
	}
	if denied := p.Reference(reference(t, "registry.example/team-b/app:1"), today); len(denied) != 1 || denied[0].Check != "SUP-04" {
		t.Errorf("a registry that is not allowed: %+v", denied)
	}
	ev := sound(t)
	ev.Images[0].Supply = &gate.Supply{}
	v := p.Decide(ev, today, false)
	for _, id := range []string{"SUP-01", "SUP-02", "BASE-01"} {
		if !strings.HasPrefix(found(v, id), "denied") {
			t.Errorf("%s is %q", id, found(v, id))
		}
	}
	for text, says := range map[string]string{
		"base: {lookUp: ['ghcr.io/team']}":                       "not a registry's host",
		"base: {signatures: [{base: a/b, key: nonsense}]}":       "public key in PEM",
		"base: {signatures: [{base: a/b}]}":                      "either key, or issuer and subject",
		"base: {signatures: [{base: a/b, issuer: 'https://a'}]}": "either key, or issuer and subject",
		"supply: {keys: ['-----BEGIN PUBLIC KEY-----\n']}":       "public key in PEM",
		"supply: {sbom: maybe}":                                  "required or optional",
	} {
		if _, err := Load("test.yaml", []byte(header+"rules:\n- name: r\n  "+text+"\n")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %q", text, err, says)
		}
	}
}

func TestAnExploitedVulnerabilityHasTheGraceOfKEV(t *testing.T) {
	for text, want := range map[string]time.Duration{"grace: {high: 7d}": 0, "grace: {high: 7d, kev: 0}": 0, "grace: {high: 7d, kev: 6h}": 6 * time.Hour} {
		if got := load(t, "rules: [{name: v, maxSeverity: LOW}]\n"+text+"\n").Grace()[gate.GraceExploited]; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestAFindingShowsNoSecretOfTheHistory(t *testing.T) {
	p := shipped(t, "default")
	ev := sound(t)
	secret := "ghp_" + strings.Repeat("A1b2", 9)
	ev.Images[0].Config.History = []gate.History{{CreatedBy: "RUN |1 TOKEN=" + secret + " /bin/sh -c make # buildkit " + strings.Repeat("x", 5000)}}
	writable(ev)
	v := p.Decide(ev, today, false)
	i := slices.IndexFunc(v.Warnings, func(f gate.Violation) bool { return f.Check == "FS-03" })
	if i < 0 || v.Warnings[i].Layer == nil {
		t.Fatalf("%+v", v.Warnings)
	}
	if line := v.Warnings[i].Layer.CreatedBy; strings.Contains(line, secret) || len(line) > 310 || !strings.Contains(line, "make") {
		t.Errorf("the history line is %q", line)
	}
}
