package report

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"testing"
)

var extensions = map[string]string{"table": "txt", "json": "verdict.json", "sarif": "sarif", "junit": "xml", "gitlab": "gitlab.json", "markdown": "md", "html": "html"}

func documents() map[string]Document {
	return map[string]Document{"debian": failing(), "static": passing(), "unreachable": broken()}
}

func written(t *testing.T, format string, d Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, d, Options{Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEachFormatIsAsItWas(t *testing.T) {
	for name, d := range documents() {
		for _, format := range Formats() {
			golden(t, name+"."+extensions[format], trimmed(t, format, written(t, format, d)))
		}
	}
}

var (
	emptyCase = regexp.MustCompile(`(?m)^ *<testcase [^>]*></testcase>\n|^ *<testcase [^>]*>\s*<skipped message="not reached[^>]*></skipped>\s*</testcase>\n`)
	counts    = regexp.MustCompile(` (tests|skipped)="\d+"`)
)

// trimmed takes out what changes with every new check of the catalogue: rules
// without a result, and cases without a finding.
func trimmed(t testing.TB, format, s string) []byte {
	t.Helper()
	switch format {
	case "junit":
		return counts.ReplaceAll(emptyCase.ReplaceAll([]byte(s), nil), nil)
	case "sarif":
		var log sarifLog
		if err := json.Unmarshal([]byte(s), &log); err != nil {
			t.Fatal(err)
		}
		run := &log.Runs[0]
		used := map[string]bool{}
		for i := range run.Results {
			used[run.Results[i].RuleID], run.Results[i].RuleIndex = true, 0
		}
		run.Tool.Driver.Rules = slices.DeleteFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return !used[r.ID] })
		var b bytes.Buffer
		if err := indented(&b, log); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	return []byte(s)
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	for _, format := range Formats() {
		first := written(t, format, failing())
		for range 20 {
			if written(t, format, failing()) != first {
				t.Fatalf("%s differs from one time to the next", format)
			}
		}
	}
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	for _, format := range Formats() {
		if err := Write(full{}, format, failing(), Options{}); err == nil {
			t.Errorf("%s hides that nothing was written", format)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestEachFormatHasAMediaType(t *testing.T) {
	for _, format := range Formats() {
		if MediaType(format) == "" || !Known(format) {
			t.Errorf("%s has no media type", format)
		}
	}
	if MediaType("pdf") != "" || Known("") {
		t.Error("what is no format has a media type")
	}
}
