package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy/check"
)

// toldInCase is how many findings of one test case are written out: CI systems
// show a case's text whole.
const toldInCase = 50

// junit writes a suite for the image as a whole and one for each platform. Each
// check of the catalogue is a test case, so that a passing image shows what was
// looked for; a check that the policy does not ask for passes.
func junit(w io.Writer, d Document, _ Options) error {
	v := d.Verdict
	whole := junitSuite{Name: clean("imagegate " + cut(v.Image, 300))}
	if v.Error != nil {
		whole.Cases = append(whole.Cases, junitCase{Class: "imagegate", Name: "the image can be decided about", Error: &junitMessage{Message: short(v.Error.Message, 1000), Type: clean(string(v.Error.Code))}})
	}
	all := findings(v)
	whole.Cases = append(whole.Cases, imageCases(v, of(all, ""))...)
	suites := junitSuites{Name: "imagegate", Suites: []junitSuite{whole}}
	for _, p := range platforms(v) {
		suites.Suites = append(suites.Suites, junitSuite{
			Name: clean(fmt.Sprintf("imagegate %s %s", cut(v.Image, 300), cut(p.Platform, 60))), Cases: platformCases(d, p, of(all, p.Platform)),
		})
	}
	for i := range suites.Suites {
		s := &suites.Suites[i]
		s.count(v)
		suites.Tests += s.Tests
		suites.Failures += s.Failures
		suites.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suites); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) count(v gate.Verdict) {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Error != nil:
			s.Errors++
		case c.Failure != nil:
			s.Failures++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	if !v.DecidedAt.IsZero() {
		s.Timestamp = v.DecidedAt.UTC().Format("2006-01-02T15:04:05")
	}
	for _, p := range []junitProperty{{"digest", v.Digest}, {"decision", string(v.Decision)}, {"policy", v.Policy.Name}} {
		s.Properties = append(s.Properties, junitProperty{p.Name, cmp.Or(short(p.Value, 200), "none")})
	}
}

// platforms are the verdict's, and those that only findings name.
func platforms(v gate.Verdict) []gate.PlatformVerdict {
	all := slices.Clone(v.Platforms)
	for _, f := range findings(v) {
		if f.Platform != "" && !slices.ContainsFunc(all, func(p gate.PlatformVerdict) bool { return p.Platform == f.Platform }) {
			all = append(all, gate.PlatformVerdict{Platform: f.Platform})
		}
	}
	return all
}

// of are the findings of a platform; of "" those of the image as a whole.
func of(all []finding, platform string) []finding {
	var out []finding
	for _, f := range all {
		if f.Platform == platform {
			out = append(out, f)
		}
	}
	return out
}

// imageCases are the checks of the image as a whole. Before there is a digest,
// only the reference was looked at.
func imageCases(v gate.Verdict, found []finding) []junitCase {
	var cases []junitCase
	covered := map[string]bool{}
	if v.Digest != "" {
		for _, c := range check.All() {
			if !c.PerImage {
				cases, covered[c.ID] = append(cases, caseOf(c, found, "")), true
			}
		}
	}
	if v.Error == nil && !slices.ContainsFunc(found, func(f finding) bool { return strings.HasPrefix(f.Check, "REF-") }) {
		cases = append(cases, junitCase{Class: "imagegate.REF", Name: "REF-ALLOW reference-allowed"})
	}
	return append(cases, otherCases(found, covered)...)
}

func platformCases(d Document, p gate.PlatformVerdict, found []finding) []junitCase {
	var cases []junitCase
	covered := map[string]bool{}
	img := d.image(p.Platform)
	for _, c := range check.All() {
		if c.PerImage {
			cases, covered[c.ID] = append(cases, caseOf(c, found, unmade(c, p, img))), true
		}
	}
	looked := junitCase{Class: "imagegate.vulnerabilities", Name: "packages were looked up"}
	if _, scan := reached(p, img); !scan {
		looked.Skipped = &junitMessage{Message: "not reached: nothing was scanned"}
	} else if p.Packages != nil {
		looked.Output = plural(*p.Packages, "package")
	}
	return append(append(cases, looked), otherCases(found, covered)...)
}

// caseOf is the test case of a check of the catalogue.
func caseOf(c *check.Check, found []finding, unmade string) junitCase {
	r := rule{ID: c.ID, Name: c.Name}
	var spoke []finding
	for _, f := range found {
		if f.Check == c.ID && !ofPackage(f) {
			spoke = append(spoke, f)
		}
	}
	tc := told("imagegate."+r.Family(), r.Title(), spoke)
	if len(spoke) == 0 && unmade != "" {
		tc.Skipped = &junitMessage{Message: unmade}
	}
	return tc
}

// ofPackage is true of vulnerabilities of packages, which are told by package.
func ofPackage(f finding) bool { return f.Vulnerability != nil && f.Package != nil }

// otherCases are those of findings beside the checks covered already:
// vulnerabilities, one case a package, and what policies ask for, one case a
// check and rule.
func otherCases(found []finding, covered map[string]bool) []junitCase {
	type key struct{ class, name string }
	groups := map[key][]finding{}
	var keys []key
	for _, f := range found {
		k := key{"imagegate." + ruleOf(f.Violation).Family(), strings.TrimSpace(ruleOf(f.Violation).Title() + " " + short(f.Rule, 100))}
		switch {
		case ofPackage(f):
			k = key{"imagegate.vulnerabilities", fmt.Sprintf("%s %s (%s)", short(f.Package.Name, 200), short(f.Package.Installed, 100), short(f.Package.Type, 40))}
		case covered[f.Check]:
			continue
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], f)
	}
	var cases []junitCase
	for _, k := range keys {
		cases = append(cases, told(k.class, k.name, groups[k]))
	}
	return cases
}

// told makes a case of findings: what denies fails it; what is waived, or could
// not be told, skips it; everything else is output.
func told(class, name string, found []finding) junitCase {
	tc := junitCase{Class: class, Name: name}
	var failing, other []finding
	passes := false
	for _, f := range found {
		if f.Standing == denied {
			failing = append(failing, f)
			continue
		}
		other = append(other, f)
		if f.Standing != waived && f.Outcome != "unknown" {
			passes = true
		} else if tc.Skipped == nil {
			tc.Skipped = &junitMessage{Message: short(f.Message, 1000)}
		}
	}
	if passes {
		tc.Skipped = nil
	}
	if len(failing) > 0 {
		tc.Skipped = nil
		tc.Failure = &junitMessage{Message: short(failing[0].Message, 1000), Type: short(string(failing[0].Severity), 20), Text: lines(failing)}
	}
	tc.Output = lines(other)
	return tc
}

// lines are findings as indented text.
func lines(found []finding) string {
	var b strings.Builder
	for i, f := range found {
		if i == toldInCase {
			fmt.Fprintf(&b, "… and %d more\n", len(found)-toldInCase)
			break
		}
		fmt.Fprintf(&b, "%s\n  %s\n", strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Standing, short(string(f.Severity), 20), place(f.Violation))), short(f.Message, 1000))
		if f.Fix != "" {
			fmt.Fprintf(&b, "  fix: %s\n", short(f.Fix, 500))
		}
		if f.Waiver != nil {
			fmt.Fprintf(&b, "  %s\n", waiverText(*f.Waiver))
		}
	}
	return b.String()
}
