package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
)

// severityText is a severity in the page's words.
func severityText(s gate.Severity) string {
	if !slices.Contains(severities, s) {
		return "unknown"
	}
	return strings.ToLower(string(s))
}

// severityClass is its class in the style sheet.
func severityClass(s gate.Severity) string { return severityText(s) }

// vulnsView is the table of a platform's vulnerabilities.
type vulnsView struct {
	Rows    []vulnView
	Caption string
	More    string
	Looked  bool
}

type vulnView struct {
	ID, URL, Title, Package, Type, Path, Installed, Fixed string
	Severity, Class, Score, Note                          string
	Rank                                                  int
	Origin, Layer, Standing                               string
}

func newVulnsView(d Document, p gate.PlatformVerdict, most int, room *budget) vulnsView {
	all := vulns(d, p.Platform)
	_, scan := reached(p, d.image(p.Platform))
	v := vulnsView{Looked: scan, Caption: fmt.Sprintf("%s, worst first.", plural(len(all), "vulnerability"))}
	if img := d.image(p.Platform); img == nil || img.Scan == nil {
		v.Caption = fmt.Sprintf("%s that the verdict names, worst first.", plural(len(all), "vulnerability"))
	}
	for i, u := range all {
		row := vulnView{
			ID: short(u.ID, 60), URL: advisory(u.ID), Title: short(u.Title, 120), Package: short(u.Package, 100), Type: short(u.Type, 30), Path: short(u.Path, 150),
			Installed: short(u.Installed, 60), Fixed: short(u.Fixed, 80), Severity: severityText(u.Severity), Class: severityClass(u.Severity), Rank: u.Severity.Rank(),
			Score: fmt.Sprintf("%.1f", u.Score), Origin: short(u.Origin, 20), Standing: cmp.Or(string(u.Standing), "allowed"), Layer: "unknown",
		}
		if u.Layer >= 0 {
			row.Layer = fmt.Sprint(u.Layer)
		}
		if u.Derived {
			row.Note = "from the severity"
		}
		if u.Exploited {
			row.Note = strings.TrimPrefix(row.Note+", known to be exploited", ", ")
		}
		if u.EPSS > 0 {
			row.Note = strings.TrimPrefix(fmt.Sprintf("%s, EPSS %.1f %%", row.Note, 100*u.EPSS), ", ")
		}
		if i == most || !room.spend(800, row.ID, row.URL, row.Title, row.Package, row.Path, row.Installed, row.Fixed, row.Note) {
			v.More = fmt.Sprintf("The %d worst are shown; %d more are in the evidence.", i, len(all)-i)
			break
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// standingView holds the findings of one standing, by check.
type standingView struct {
	ID, Title string
	Count     int
	Checks    []checkView
	More      string
	Open      bool
}

type checkView struct {
	rule
	Severity, Class string
	Count           int
	Findings        []findingView
	Rest            []findingView
	worst           gate.Severity
}

type findingView struct {
	Severity, Class, Platforms, Message, Fix, Place, Made, Rule, Origin, Waiver, Grace string
}

// Where is where the finding is and what speaks of it.
func (f findingView) Where() string {
	parts := []string{f.Platforms}
	for _, p := range []struct{ prefix, text string }{{"rule ", f.Rule}, {"", f.Place}, {"from the ", f.Origin}, {"admitted in spite of it until ", f.Grace}} {
		if p.text != "" {
			parts = append(parts, p.prefix+p.text)
		}
	}
	return strings.TrimPrefix(strings.Join(parts, " · "), " · ")
}

// toldInCheck is how many findings of a check are in sight; the rest are folded.
const toldInCheck = 8

func standings(v gate.Verdict) []standingView {
	var out []standingView
	all, room := findings(v), findingsBudget
	for _, s := range []struct {
		standing  standing
		id, title string
	}{{denied, "denied", "What denies"}, {warned, "warned", "Warnings"}, {waived, "waived", "Waived"}, {noted, "noted", "Only noted"}} {
		if list := only(all, s.standing); len(list) > 0 {
			g := byCheck(list, &room)
			g.ID, g.Title, g.Open = s.id, s.title, s.standing == denied || s.standing == warned
			out = append(out, g)
		}
	}
	return out
}

// byCheck groups findings, the worst check first. One finding of several
// platforms is shown once.
func byCheck(list []finding, room *budget) standingView {
	type key struct{ identity, message string }
	g := standingView{Count: len(list)}
	groups, merged := map[string]*checkView{}, map[key]*findingView{}
	rows := map[string][]*findingView{}
	var order []string
	shown := 0
	for _, f := range list {
		k := key{identity(f.Violation), f.Message}
		if same, ok := merged[k]; ok {
			if p := short(f.Platform, 60); p != "" && len(same.Platforms) < 200 && !strings.Contains(same.Platforms, p) {
				same.Platforms += ", " + p
			}
			continue
		}
		r, row := ruleOf(f.Violation), newFindingView(f)
		if shown == pageFindings || !room.spend(500, row.Message, row.Fix, row.Place, row.Made, row.Rule, row.Waiver) {
			g.More = fmt.Sprintf("%s shown; the rest are in the JSON output.", plural(shown, "finding"))
			break
		}
		shown++
		if groups[r.ID] == nil {
			room.spend(800, r.Doc.What, r.Doc.Why, r.Doc.Example, r.Doc.Fix)
			groups[r.ID] = &checkView{rule: r}
			order = append(order, r.ID)
		}
		merged[k] = row
		rows[r.ID] = append(rows[r.ID], merged[k])
		c := groups[r.ID]
		c.Count++
		if c.worst == "" || f.Severity.Rank() > c.worst.Rank() {
			c.worst = f.Severity
		}
	}
	for _, id := range order {
		c := groups[id]
		c.Severity, c.Class = severityText(c.worst), severityClass(c.worst)
		for i, f := range rows[id] {
			if i < toldInCheck {
				c.Findings = append(c.Findings, *f)
			} else {
				c.Rest = append(c.Rest, *f)
			}
		}
		g.Checks = append(g.Checks, *c)
	}
	slices.SortStableFunc(g.Checks, func(a, b checkView) int { return b.worst.Rank() - a.worst.Rank() })
	return g
}

func newFindingView(f finding) *findingView {
	v := &findingView{
		Severity: severityText(f.Severity), Class: severityClass(f.Severity), Platforms: short(f.Platform, 60), Message: short(f.Message, 600), Fix: short(f.Fix, 400),
		Place: place(f.Violation), Rule: short(f.Rule, 100), Origin: short(f.Origin, 20),
	}
	if f.Layer != nil {
		v.Made = history(f.Layer.CreatedBy, 160)
	}
	if f.Waiver != nil {
		v.Waiver = waiverText(*f.Waiver)
	}
	if !f.GraceUntil.IsZero() {
		v.Grace = day(f.GraceUntil)
	}
	return v
}
