package report

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxResults is how many results of a run GitHub reads; it refuses a file with
// more.
const maxResults = 25000

// sarif writes one run. A vulnerability is a rule of its own, because readers
// take the score from the rule; every other finding's rule is its check.
func sarif(w io.Writer, d Document, o Options) error {
	v := d.Verdict
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "imagegate", Version: clean(o.Version)}},
		Automation:  sarifAutomation{"imagegate/" + repository(v) + "/"},
		Invocations: []sarifInvocation{invocation(v)},
		Results:     []sarifResult{},
		Properties:  map[string]any{"image": short(v.Image, 500), "digest": clean(v.Digest), "decision": clean(string(v.Decision)), "policy": short(v.Policy.Name, 200), "policyDigest": clean(v.Policy.Digest)},
	}
	rules := newSarifRules(d)
	all := findings(v)
	if len(all) > maxResults {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"warning", sarifText{Text: fmt.Sprintf("%d findings are left out: a run holds %d", len(all)-maxResults, maxResults)}})
		all = all[:maxResults]
	}
	for _, f := range all {
		run.Results = append(run.Results, sarifResultOf(v, f, rules))
	}
	run.Tool.Driver.Rules = rules.list
	return indented(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func invocation(v gate.Verdict) sarifInvocation {
	i := sarifInvocation{Successful: v.Error == nil && v.Decision != gate.Errored}
	if !v.DecidedAt.IsZero() {
		i.End = v.DecidedAt.UTC().Format(time.RFC3339)
	}
	if v.Error != nil {
		i.Notifications = []sarifNotification{{"error", sarifText{Text: message(v.Error.Message)}}}
	}
	return i
}

var placeholder = regexp.MustCompile(`\{(\d+)\}`)

// message is text that SARIF readers show as it is: they make links of
// "[text](target)" and fill in "{0}" (sections 3.11.5 and 3.11.6).
func message(s string) string {
	s = strings.ReplaceAll(short(s, 2000), "](", "] (")
	return placeholder.ReplaceAllString(s, "{{$1}}")
}

func sarifResultOf(v gate.Verdict, f finding, rules *sarifRules) sarifResult {
	text := message(f.Message)
	if f.Fix != "" {
		text += ". Fix: " + message(f.Fix)
	}
	r := sarifResult{
		Level: sarifLevelOf(f.Standing), Message: sarifText{Text: text}, Locations: []sarifLocation{location(v, f.Violation)},
		Fingerprints: map[string]string{"imagegate/v1": fingerprint(f.Violation)}, Properties: sarifBag(f),
	}
	r.RuleIndex, r.RuleID = rules.of(f.Violation)
	switch {
	case f.Standing == waived:
		reason := "accepted by the policy"
		if f.Waiver != nil {
			reason = waiverText(*f.Waiver)
		}
		r.Suppressions = []sarifSuppression{{"external", "accepted", reason}}
	case f.Standing == noted && f.Outcome == "unknown":
		r.Kind, r.Level = "review", "none" // section 3.27.9: only failures have a level
	}
	return r
}

// sarifLevelOf says what the gate made of a finding. What is waived would deny.
func sarifLevelOf(s standing) string {
	switch s {
	case denied, waived:
		return "error"
	case warned:
		return "warning"
	}
	return "note"
}

// location names the image by its repository, which a rebuild does not change,
// and the path in it. Readers show nothing without a physical location and a
// line.
func location(v gate.Verdict, f gate.Violation) sarifLocation {
	path := repository(v)
	if f.Path != "" {
		path += "/" + strings.TrimLeft(short(f.Path, 500), "/")
	}
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{relative(path)}, Region: sarifRegion{1}}}
	prefix := ""
	if f.Platform != "" {
		prefix = short(f.Platform, 60) + " "
	}
	if f.Layer != nil {
		name := fmt.Sprintf("layer %d", f.Layer.Index)
		l.Logical = append(l.Logical, sarifLogical{name, strings.TrimSpace(prefix + name + " " + short(f.Layer.DiffID, 80)), "layer"})
	}
	if f.Package != nil {
		name := short(f.Package.Name, 200)
		l.Logical = append(l.Logical, sarifLogical{name, strings.TrimSpace(prefix + name + " " + short(f.Package.Installed, 100)), "package"})
	}
	return l
}

// relative makes a relative URI of a path. A colon in the first segment would
// be read as a scheme.
func relative(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(p), ":", "%3A")
	}
	return strings.Join(parts, "/")
}

func sarifBag(f finding) map[string]any {
	bag := map[string]any{"check": short(f.Check, 60), "standing": string(f.Standing), "severity": short(string(f.Severity), 20)}
	set := func(name, value string) {
		if value != "" {
			bag[name] = short(value, 300)
		}
	}
	set("rule", f.Rule)
	set("platform", f.Platform)
	set("origin", f.Origin)
	set("subject", f.Subject)
	set("outcome", f.Outcome)
	if f.Layer != nil && f.Layer.CreatedBy != "" {
		bag["createdBy"] = history(f.Layer.CreatedBy, 200)
	}
	if f.Package != nil {
		set("package", f.Package.Name)
		set("packageType", f.Package.Type)
		set("installed", f.Package.Installed)
		set("fixed", f.Package.Fixed)
		set("purl", f.Package.PURL)
	}
	if f.Vulnerability != nil {
		set("vector", f.Vulnerability.Vector)
		bag["score"] = f.Vulnerability.Score
	}
	if !f.GraceUntil.IsZero() {
		set("graceUntil", f.GraceUntil.UTC().Format(time.RFC3339))
	}
	if f.Waiver != nil && f.Waiver.Expired {
		set("waiver", waiverText(*f.Waiver))
	}
	return bag
}
