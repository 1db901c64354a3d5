package audit

import (
	"encoding/xml"
	"fmt"
	"io"
)

// JUnit's form, as CI systems read it: a suite of test cases, one a finding,
// and one for each check that found nothing.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

func writeJUnit(w io.Writer, findings []Finding, o ReportOptions) error {
	suite := junitSuite{Name: "imagegate audit"}
	found := map[string]bool{}
	for _, f := range findings {
		found[f.Check] = true
		c := junitCase{Class: f.Check + " " + name(f.Check), Name: clean(f.subject() + " " + f.Field), File: clean(f.File), Line: f.Line}
		text := fmt.Sprintf("%s %s\n%s\nfix: %s", f.Severity, clean(f.place()), clean(f.Message), clean(f.Fix))
		switch {
		case o.fails(f):
			suite.Failures++
			c.Failure = &junitMessage{Message: clean(f.Message), Type: string(f.Severity), Text: text}
		case f.Outcome == unknown:
			suite.Skipped++
			c.Skipped = &junitMessage{Message: clean(f.Message)}
		default:
			c.Output = text
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, check := range All() {
		if !found[check.ID] {
			suite.Cases = append(suite.Cases, junitCase{Class: check.ID + " " + check.Name, Name: "nothing found"})
		}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
