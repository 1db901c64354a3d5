package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
)

func several() []outcome {
	var all []outcome
	for _, name := range []string{"pass", "fail", "hostile"} {
		v := verdictOn("registry.example/team/"+name+":1", false)
		all = append(all, outcome{image: v.Image, verdict: &v})
	}
	return append(all, outcome{image: "registry.example/team/gone:1", err: errors.New(`it is "away" & <gone>`)})
}

func combined(t *testing.T, format string) []byte {
	t.Helper()
	var docs [][]byte
	for _, out := range several() {
		docs = append(docs, out.local(format))
	}
	data, err := combine(format, docs)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestJUnitOfSeveralImagesCountsAndKeepsAllCases(t *testing.T) {
	type counts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	var got struct {
		XMLName xml.Name `xml:"testsuites"`
		counts
		Suites []struct {
			Name string `xml:"name,attr"`
			counts
			Cases []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(combined(t, "junit"), &got); err != nil {
		t.Fatal(err)
	}
	var sum counts
	cases := 0
	for _, s := range got.Suites {
		sum.Tests += s.Tests
		sum.Failures += s.Failures
		sum.Errors += s.Errors
		cases += len(s.Cases)
	}
	if len(got.Suites) < 4 || sum != got.counts || cases != got.Tests || got.Failures < 2 || got.Errors != 1 {
		t.Errorf("%d suites of %d cases with %+v, and %+v of all", len(got.Suites), cases, sum, got.counts)
	}
}

func TestSARIFOfSeveralImagesHasARunForEach(t *testing.T) {
	var got struct {
		Version string `json:"version"`
		Runs    []struct {
			Properties map[string]string `json:"properties"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(combined(t, "sarif"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.1.0" || len(got.Runs) != 4 {
		t.Fatalf("version %s with %d runs", got.Version, len(got.Runs))
	}
	for i, out := range several() {
		if got.Runs[i].Properties["image"] != out.image {
			t.Errorf("run %d is about %s, want %s", i, got.Runs[i].Properties["image"], out.image)
		}
	}
}

func TestGitLabsReportOfSeveralImagesIsAFailureWhereOneCouldNotBeScanned(t *testing.T) {
	var got struct {
		Scan            struct{ Status string }
		Vulnerabilities []struct {
			Location struct{ Image string }
		}
		Remediations []any
	}
	if err := json.Unmarshal(combined(t, "gitlab"), &got); err != nil {
		t.Fatal(err)
	}
	images := map[string]bool{}
	for _, v := range got.Vulnerabilities {
		images[v.Location.Image] = true
	}
	if got.Scan.Status != "failure" || len(images) != 2 || got.Remediations == nil {
		t.Errorf("status %s, images %v, remediations %v", got.Scan.Status, images, got.Remediations)
	}
}

func TestWhatIsNoReportIsNotCombined(t *testing.T) {
	for format, doc := range map[string]string{"junit": "<html>", "sarif": `{"runs": 1}`, "gitlab": "log in"} {
		if out, err := combine(format, [][]byte{[]byte(doc), []byte(doc)}); err == nil {
			t.Errorf("%s: %s", format, out)
		}
	}
}

func TestAnImageWithoutAVerdictIsReportedAsUndecided(t *testing.T) {
	v := outcome{image: "a:1", err: gate.NewError(gate.CodeUnavailable, "the gate is away", nil)}.document()
	if v.Decision != gate.Errored || v.Error.Message != "a:1: the gate is away" || !v.Error.Retryable {
		t.Errorf("%+v", v)
	}
}
