package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/imagegate/imagegate/internal/gate"
)

// gitlabNamespace makes findings' ids: name-based UUIDs (RFC 9562, version 5)
// that a rebuild does not change.
var gitlabNamespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://imagegate.dev/v1/findings"))

// gitlab writes what the gate found as GitLab's container scanning report.
// What is waived is left out, since GitLab has no word for it; a finding of
// several platforms is there once, since its location names none.
func gitlab(w io.Writer, d Document, o Options) error {
	v := d.Verdict
	at := v.DecidedAt.UTC().Format("2006-01-02T15:04:05")
	tool := gitlabTool{ID: "imagegate", Name: "imagegate", Version: cmp.Or(clean(o.Version), "unknown"), Vendor: gitlabVendor{"imagegate"}}
	r := gitlabReport{
		Version:         "15.2.1",
		Scan:            gitlabScan{Analyzer: tool, Scanner: tool, Start: at, End: at, Status: "success", Type: "container_scanning"},
		Vulnerabilities: []gitlabFinding{}, Remediations: []any{},
	}
	say := func(level, format string, args ...any) {
		r.Scan.Messages = append(r.Scan.Messages, gitlabMessage{level, fmt.Sprintf(format, args...)})
	}
	say("info", "The gate's verdict is %s.", clean(string(v.Decision)))
	if v.Error != nil {
		r.Scan.Status = "failure"
		say("fatal", "%s", short(v.Error.Message, 1000))
	}
	if n := len(v.Waived); n > 0 {
		say("info", "The policy waives %s, left out here.", plural(n, "finding"))
	}
	seen := map[string]int{}
	for _, f := range findings(v) {
		if f.Standing == waived {
			continue
		}
		g := gitlabFindingOf(d, f, o)
		if i, ok := seen[g.ID]; ok {
			r.Vulnerabilities[i].also(f.Platform)
			continue
		}
		seen[g.ID] = len(r.Vulnerabilities)
		r.Vulnerabilities = append(r.Vulnerabilities, g)
	}
	return indented(w, r)
}

// also notes a further platform with the same finding.
func (g *gitlabFinding) also(platform string) {
	d := g.Details["platform"]
	if platform == "" || d.Value == "" || strings.Contains(d.Value, short(platform, 60)) || len(d.Value) > 500 {
		return
	}
	d.Value += ", " + short(platform, 60)
	g.Details["platform"] = d
}

func gitlabFindingOf(d Document, f finding, o Options) gitlabFinding {
	r := ruleOf(f.Violation)
	own := gitlabIdentifier{Type: "imagegate_check", Name: r.Title(), Value: r.ID}
	g := gitlabFinding{
		ID:   uuid.NewSHA1(gitlabNamespace, []byte(repository(d.Verdict)+"\x00"+identity(f.Violation)+"\x00"+unkeyed(f))).String(),
		Name: cut(r.Title(), 255), Description: plain(f.Message, 4000), Severity: gitlabSeverity(f.Severity), Solution: plain(f.Fix, 2000),
		Identifiers: []gitlabIdentifier{own}, Links: []gitlabLink{}, Details: gitlabDetails(f), Location: gitlabLocationOf(d, f, o),
	}
	ref := f.Vulnerability
	if ref == nil || ref.ID == "" {
		return g
	}
	id := short(ref.ID, 100)
	page := advisory(ref.ID)
	g.Name = cut(id, 255)
	g.Identifiers = []gitlabIdentifier{{Type: identifierType(ref.ID), Name: id, Value: id, URL: page}, own}
	if page != "" {
		g.Links = append(g.Links, gitlabLink{id, page})
	}
	if baseVector.MatchString(ref.Vector) {
		g.CVSS = []gitlabCVSS{{cmp.Or(short(ref.Source, 60), "unknown"), ref.Vector}}
	}
	return g
}

// unkeyed tells findings apart that have nothing else to be known by.
func unkeyed(f finding) string {
	if f.Path == "" && f.Subject == "" && f.Package == nil {
		return f.Message
	}
	return ""
}

// baseVector is a CVSS v3 vector of base metrics: what the schema takes of the
// vectors that databases hold.
var baseVector = regexp.MustCompile(`^CVSS:3\.[01]/AV:[NALP]/AC:[LH]/PR:[NLH]/UI:[NR]/S:[UC]/C:[NLH]/I:[NLH]/A:[NLH]$`)

func identifierType(id string) string {
	switch {
	case cveID.MatchString(id):
		return "cve"
	case ghsaID.MatchString(id):
		return "ghsa"
	}
	return "imagegate_vulnerability"
}

// plain is text that GitLab's Markdown shows as text.
func plain(s string, n int) string { return escape(cut(s, n)) }

func gitlabSeverity(s gate.Severity) string {
	switch s {
	case gate.SeverityCritical:
		return "Critical"
	case gate.SeverityHigh:
		return "High"
	case gate.SeverityMedium:
		return "Medium"
	case gate.SeverityLow:
		return "Low"
	case gate.SeverityInfo:
		return "Info"
	}
	return "Unknown"
}

func gitlabDetails(f finding) map[string]gitlabDetail {
	details := map[string]gitlabDetail{}
	set := func(key, name, value string) {
		if value != "" {
			details[key] = gitlabDetail{name, "text", short(value, 500)}
		}
	}
	set("standing", "What the policy makes of it", string(f.Standing))
	set("rule", "Rule of the policy", f.Rule)
	set("platform", "Platform", f.Platform)
	set("origin", "Brought by", f.Origin)
	set("path", "Path", f.Path)
	if f.Layer != nil {
		set("layer", "Layer", strings.TrimSpace(fmt.Sprintf("%d %s", f.Layer.Index, history(f.Layer.CreatedBy, 200))))
	}
	return details
}

// gitlabLocationOf names a package. The schema wants one of every finding: what
// concerns no package has its path, its subject or the configuration there.
func gitlabLocationOf(d Document, f finding, o Options) gitlabLocation {
	l := gitlabLocation{OperatingSystem: "unknown", Image: cmp.Or(short(d.Verdict.Image, 500), "unknown"), DefaultBranchImage: short(o.DefaultBranchImage, 255)}
	for _, p := range d.Verdict.Platforms {
		if p.OS != nil && (p.Platform == f.Platform || f.Platform == "") {
			l.OperatingSystem = cmp.Or(short(strings.TrimSpace(p.OS.Family+" "+p.OS.Name), 100), "unknown")
			break
		}
	}
	l.Dependency = gitlabDependency{Package: gitlabPackage{cmp.Or(short(f.Path, 300), short(f.Subject, 200), "image configuration")}, Version: "-"}
	if f.Package != nil {
		l.Dependency = gitlabDependency{Package: gitlabPackage{cmp.Or(short(f.Package.Name, 200), "unnamed")}, Version: short(f.Package.Installed, 100)}
	}
	return l
}
