package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/imagegate/imagegate/internal/report"
)

// combines reports whether documents of several images become one, in a format
// that readers take one file of.
func combines(format string) bool {
	return format == "junit" || format == "sarif" || format == "gitlab"
}

// writeCombined writes one document about several images.
func writeCombined(w io.Writer, format string, outcomes []outcome) error {
	var docs [][]byte
	for _, out := range outcomes {
		docs = append(docs, out.local(format))
	}
	data, err := combine(format, docs)
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

// local is the report this program makes of an outcome, from the verdict alone.
func (o outcome) local(format string) []byte {
	var b bytes.Buffer
	_ = report.Write(&b, format, report.Document{Verdict: o.document()}, report.Options{Version: version}) // a buffer takes everything
	return b.Bytes()
}

// combine makes one document of several: suites of JUnit after each other, runs
// of SARIF, findings of GitLab. Others, and one alone, are joined as they are.
func combine(format string, docs [][]byte) ([]byte, error) {
	if len(docs) == 1 {
		return docs[0], nil
	}
	switch format {
	case "junit":
		return combineJUnit(docs)
	case "sarif":
		return combineJSON(docs, "runs")
	case "gitlab":
		return combineJSON(docs, "vulnerabilities", "remediations")
	}
	return bytes.Join(docs, []byte("\n")), nil
}

// testSuites is JUnit's outermost element.
type testSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []byte   `xml:",innerxml"`
}

func combineJUnit(docs [][]byte) ([]byte, error) {
	all := testSuites{Name: "imagegate"}
	for _, doc := range docs {
		var one testSuites
		if err := xml.Unmarshal(doc, &one); err != nil {
			return nil, fmt.Errorf("a JUnit report cannot be read: %w", err)
		}
		all.Tests += one.Tests
		all.Failures += one.Failures
		all.Errors += one.Errors
		all.Suites = append(all.Suites, bytes.TrimRight(one.Suites, " \n")...)
	}
	all.Suites = append(all.Suites, '\n')
	data, err := xml.Marshal(all)
	return append([]byte(xml.Header), append(data, '\n')...), err
}

// combineJSON appends the named lists to those of the first document. What else
// is in it speaks for all, except that one scan that could not be made makes a
// failure of the whole.
func combineJSON(docs [][]byte, lists ...string) ([]byte, error) {
	var all map[string]json.RawMessage
	for i, doc := range docs {
		var one map[string]json.RawMessage
		if err := json.Unmarshal(doc, &one); err != nil {
			return nil, fmt.Errorf("a report cannot be read: %w", err)
		}
		if i == 0 {
			all = one
			continue
		}
		for _, list := range lists {
			var a, b []json.RawMessage
			if err := json.Unmarshal(all[list], &a); err != nil {
				return nil, fmt.Errorf("a report's %s cannot be read: %w", list, err)
			}
			if err := json.Unmarshal(one[list], &b); err != nil {
				return nil, fmt.Errorf("a report's %s cannot be read: %w", list, err)
			}
			all[list] = encoded(append(a, b...))
		}
		if scan, ok := one["scan"]; ok && failedScan(scan) {
			all["scan"] = scan
		}
	}
	var out bytes.Buffer
	err := json.Indent(&out, encoded(all), "", "  ")
	return append(out.Bytes(), '\n'), err
}

func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // of raw messages: a buffer takes everything
	return bytes.TrimSpace(b.Bytes())
}

func failedScan(scan []byte) bool {
	var s struct {
		Status string `json:"status"`
	}
	return json.Unmarshal(scan, &s) == nil && s.Status == "failure"
}
