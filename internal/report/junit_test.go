package report

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/policy/check"
)

// element is what Jenkins' junit-10.xsd allows of one: attributes (required ones
// with "!") and children.
type element struct{ attributes, children string }

var junitSchema = map[string]element{
	"":           {"", "testsuites"},
	"testsuites": {"name tests failures errors time disabled", "testsuite"},
	"testsuite":  {"name! tests! failures errors skipped timestamp time hostname id package", "properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"name! value!", ""},
	"testcase":   {"name! classname! time status assertions", "skipped error failure system-out system-err"},
	"failure":    {"message type", "text"},
	"error":      {"message type", "text"},
	"skipped":    {"message type", "text"},
	"system-out": {"", "text"},
}

var junitNumber = regexp.MustCompile(`^\d+$`)

// checkJUnit reads a report as the schema has it.
func checkJUnit(t testing.TB, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	path := []string{""}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		parent := junitSchema[path[len(path)-1]]
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if !slices.Contains(strings.Fields(parent.children), name) {
				t.Errorf("<%s> may not have <%s>", path[len(path)-1], name)
			}
			checkAttributes(t, token)
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" && parent.children != "text" {
				t.Errorf("<%s> has text: %.40s", path[len(path)-1], token)
			}
		}
	}
	if len(path) != 1 {
		t.Errorf("%v is not closed", path)
	}
}

func checkAttributes(t testing.TB, e xml.StartElement) {
	t.Helper()
	has := map[string]string{}
	for _, a := range e.Attr {
		has[a.Name.Local] = a.Value
	}
	for _, field := range strings.Fields(junitSchema[e.Name.Local].attributes) {
		name, required := strings.CutSuffix(field, "!")
		value, ok := has[name]
		if required && !ok {
			t.Errorf("<%s> lacks %s", e.Name.Local, name)
		}
		if ok && slices.Contains([]string{"tests", "failures", "errors", "skipped"}, name) && !junitNumber.MatchString(value) {
			t.Errorf("<%s %s=%q> is no number", e.Name.Local, name, value)
		}
		delete(has, name)
	}
	if len(has) > 0 {
		t.Errorf("<%s> may not have %v", e.Name.Local, has)
	}
}

func junitOf(t *testing.T, d Document) junitSuites {
	t.Helper()
	text := written(t, "junit", d)
	checkJUnit(t, text)
	var s junitSuites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// testCase finds a case by the beginning of its name.
func (s junitSuite) testCase(t *testing.T, name string) junitCase {
	t.Helper()
	i := slices.IndexFunc(s.Cases, func(c junitCase) bool { return strings.HasPrefix(c.Name, name) })
	if i < 0 {
		t.Fatalf("no case of %s", name)
	}
	return s.Cases[i]
}

func TestAPassingImageShowsWhatWasLookedFor(t *testing.T) {
	s := junitOf(t, passing())
	per, whole := 0, 0
	for _, c := range check.All() {
		if c.PerImage {
			per++
		} else {
			whole++
		}
	}
	if len(s.Suites) != 2 || s.Failures+s.Errors != 0 || s.Suites[0].Tests != whole+1 || s.Suites[1].Tests != per+1 {
		t.Errorf("%d suites with %d and %d cases, %d fail", len(s.Suites), s.Suites[0].Tests, s.Suites[1].Tests, s.Failures)
	}
	if s.Suites[1].testCase(t, "USER-01").Skipped != nil || s.Suites[1].Skipped != 0 {
		t.Error("a check that was made is skipped")
	}
}

func TestFindingsBecomeCases(t *testing.T) {
	s := junitOf(t, failing())
	image, platform := s.Suites[0], s.Suites[1]
	if c := platform.testCase(t, "openssl 3.0.9-1"); c.Failure == nil || !strings.Contains(c.Failure.Text, "CVE-2026-1001") || !strings.Contains(c.Failure.Text, "CVE-2026-1002") {
		t.Errorf("the package's violations are not one failure: %+v", c)
	}
	if c := platform.testCase(t, "MIN-01"); c.Failure != nil || !strings.Contains(c.Output, "warned LOW /usr/bin/dash") {
		t.Errorf("a warning: %+v", c)
	}
	if c := platform.testCase(t, "tar 1.34"); c.Skipped == nil || !strings.Contains(c.Output, "waived by team-cart") {
		t.Errorf("what is waived: %+v", c)
	}
	if c := image.testCase(t, "META-03"); c.Failure != nil || c.Output == "" {
		t.Errorf("a warning of the image: %+v", c)
	}
	if platform.Failures != 6 || s.Failures != 6 || platform.Skipped != 1 {
		t.Errorf("%d failures in all, %d and %d skipped in the platform", s.Failures, platform.Failures, platform.Skipped)
	}
}

func TestChecksThatWereNotReachedAreSkipped(t *testing.T) {
	d := failing()
	d.Evidence.Images[0].Contents, d.Evidence.Images[0].Scan = nil, nil
	d.Verdict.Violations, d.Verdict.Warnings, d.Verdict.Waived, d.Verdict.Notes = d.Verdict.Violations[4:5], nil, nil, nil
	platform := junitOf(t, d).Suites[1]
	for name, skipped := range map[string]bool{"USER-02": false, "FS-01": true, "SCAN-05": true, "packages were looked up": true} {
		if c := platform.testCase(t, name); (c.Skipped != nil) != skipped {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestNoFindingIsLeftOutOfTheCases(t *testing.T) {
	d := failing()
	d.Verdict.Platforms = nil // of an older gate
	d.Verdict.Notes[1].Platform = ""
	text := written(t, "junit", d)
	for _, f := range findings(d.Verdict) {
		if !strings.Contains(text, f.Message) {
			t.Errorf("%s is left out", f.Check)
		}
	}
}

func TestNoDecisionIsAnError(t *testing.T) {
	s := junitOf(t, broken())
	if s.Errors != 1 || len(s.Suites[0].Cases) != 1 || s.Suites[0].Cases[0].Error.Message != "the registry did not answer" {
		t.Errorf("%+v", s)
	}
}
