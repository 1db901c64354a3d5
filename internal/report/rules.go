package report

import (
	"cmp"
	"strings"
	"sync"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// rule is what a report says of a check, whether the catalogue has it or a
// policy makes it.
type rule struct {
	ID, Name string
	Severity gate.Severity
	Doc      check.Doc
}

// Family is the part of the id before the number.
func (r rule) Family() string {
	family, _, _ := strings.Cut(r.ID, "-")
	return family
}

// Title is id and name.
func (r rule) Title() string { return strings.TrimSpace(r.ID + " " + r.Name) }

// policyRules are the checks that policies make beside the catalogue.
var policyRules = []rule{
	{ID: "VULN-SEVERITY", Name: "severity-limit", Severity: gate.SeverityHigh, Doc: check.Doc{
		What: "Whether a package of the image has a known vulnerability graver than the policy allows.",
		Why:  "A published vulnerability is what attackers try first: its description often says how.",
		Fix:  "Update the package, or rebuild on a newer base image.",
	}},
	{ID: "VULN-CVSS", Name: "score-limit", Severity: gate.SeverityHigh, Doc: check.Doc{
		What: "Whether a package of the image has a known vulnerability scored above the policy's limit.",
		Why:  "Severities are rounded and sources disagree; a score near the limit is as bad as one above it.",
		Fix:  "Update the package, or rebuild on a newer base image.",
	}},
	{ID: "REF-ALLOW", Name: "reference-allowed", Severity: gate.SeverityHigh, Doc: check.Doc{
		What: "Whether the image's reference is one that the policy allows.",
		Why:  "An image from elsewhere was not built under the rules of this place.",
		Fix:  "Push the image to a repository that the policy allows, or add the repository to the policy.",
	}},
	{ID: "REF-DENY", Name: "reference-denied", Severity: gate.SeverityHigh, Doc: check.Doc{
		What: "Whether the image's reference is one that the policy denies.",
		Why:  "The policy names references that must not ship.",
		Fix:  "Use another repository, tag or digest.",
	}},
	{ID: "CEL", Name: "expression", Severity: gate.SeverityHigh, Doc: check.Doc{
		What: "Whether an expression that the policy's author wrote holds.",
		Why:  "The policy's rule says so in its message.",
		Fix:  "See the rule of that name in the policy.",
	}},
}

// catalogue is every rule that is known before a document is read, in the
// catalogue's order.
var catalogue = sync.OnceValue(func() []rule {
	var all []rule
	for _, c := range check.All() {
		all = append(all, rule{ID: c.ID, Name: c.Name, Severity: c.Severity, Doc: c.Doc})
	}
	return append(all, policyRules...)
})

// CheckIDs are the ids of all checks that a finding can name: the catalogue's
// and those that policies make.
func CheckIDs() []string {
	var ids []string
	for _, r := range catalogue() {
		ids = append(ids, r.ID)
	}
	return ids
}

// ruleOf describes the check of a finding. A newer gate's check is one that this
// program does not know: it has no more than its id.
func ruleOf(f gate.Violation) rule {
	for _, r := range catalogue() {
		if r.ID == f.Check {
			return r
		}
	}
	id := short(cmp.Or(f.Check, "unnamed"), 60)
	return rule{ID: id, Name: strings.ToLower(id), Severity: f.Severity, Doc: check.Doc{What: "A check that this version of the program does not describe."}}
}

// scores stand for severities where a number is wanted: the middle of each
// range of CVSS v3.1, section 5.
var scores = map[gate.Severity]float64{gate.SeverityCritical: 9.5, gate.SeverityHigh: 8, gate.SeverityMedium: 5.5, gate.SeverityLow: 2}

// score is the CVSS score of a finding, or what stands for its severity.
func score(f gate.Violation) float64 {
	if f.Vulnerability != nil && f.Vulnerability.Score > 0 && f.Vulnerability.Score <= 10 {
		return f.Vulnerability.Score
	}
	return scores[f.Severity]
}
