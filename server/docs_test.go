package server

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestTheDocumentsPageIsForEverybodyAndRunsNothing(t *testing.T) {
	s, _, _ := newGuarded(t)
	w, _ := call(t, s, "GET", "/docs", "")
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	style := between(t, page, "<style>", "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("the policy is %s, want %s", got, want)
	}
	for name, forbidden := range map[string]string{
		"a script": `(?i)<script|javascript:|\son[a-z]+=`, "a style of an element": `\sstyle=`, "a form": `(?i)<(form|input|button|iframe|object|embed)`,
		"another file": `(?i)\ssrc=|<link|@import|url\(`, "another host": `href="(https?:)?//`, "what a template could not say": `ZgotmplZ|<no value>|%!`,
	} {
		if found := regexp.MustCompile(forbidden).FindString(page); found != "" {
			t.Errorf("the page has %s: %s", name, found)
		}
	}
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, from)
	text, _, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("nothing stands between %s and %s", from, to)
	}
	return text
}

func TestThePageHoldsAllOfTheContractAndItsLinksLeadSomewhere(t *testing.T) {
	s, _ := newServer(t, Options{})
	page := string(s.docs.page)
	doc := s.contract.document
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			article := between(t, page, `<article id="`+o.OperationID+`">`, "</article>")
			for _, want := range []string{method, path, o.Summary} {
				if !strings.Contains(article, html.EscapeString(want)) {
					t.Errorf("%s: the page does not say %s", o.OperationID, want)
				}
			}
			for _, p := range o.Parameters {
				if !strings.Contains(article, "<code>"+p.Value.Name+"</code>") {
					t.Errorf("%s: the page lacks the parameter %s", o.OperationID, p.Value.Name)
				}
			}
			for status := range o.Responses.Map() {
				if !strings.Contains(article, `<b class="status">`+status+"</b>") {
					t.Errorf("%s: the page lacks the answer %s", o.OperationID, status)
				}
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		article := between(t, page, `<article id="schema-`+name+`">`, "</article>")
		for property := range schema.Value.Properties {
			if !strings.Contains(article, "<code>"+property+"</code>") {
				t.Errorf("%s: the page lacks the property %s", name, property)
			}
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two places are called %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to #%s, which is not there", m[1])
		}
	}
	if a, b := strings.Index(page, `id="createEvaluation"`), strings.Index(page, `id="getMetrics"`); a < 0 || a > b {
		t.Error("operations are not in the order of the document")
	}
}

func TestDescriptionsAreTextAndNeverMarkup(t *testing.T) {
	text := `<script>alert(1)</script>`
	doc, err := newContract(fmt.Appendf(nil, `openapi: 3.0.3
info: {title: %q, version: v1, description: "a %s b\n\n| x | y |\n|---|---|\n| %s | c |"}
tags: [{name: t}]
components: {}
paths:
  /a:
    get:
      tags: [t]
      operationId: a
      responses:
        "200":
          description: d
          content: {application/json: {schema: {type: object}, example: {%q: %q}}}
`, text, text, text, text, text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDocs(doc.document)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(d.page), "<script") || strings.Count(string(d.page), "&lt;script&gt;") < 6 {
		t.Errorf("%s", d.page)
	}
}

func TestTypesAreSaidInWords(t *testing.T) {
	for schema, want := range map[string]docsType{
		`{type: string, minLength: 1, maxLength: 9}`:                                    {Before: "string", After: ", 1 to 9 characters"},
		`{type: string, maxLength: 9, default: x}`:                                      {Before: "string", After: ", at most 9 characters; default x"},
		`{type: string, format: date-time}`:                                             {Before: "string (date-time)"},
		`{type: string, pattern: "^a$", maxLength: 9}`:                                  {Before: "string", Format: "^a$"},
		`{type: string, enum: [a, b]}`:                                                  {Before: "string", Enum: []string{"a", "b"}},
		`{type: integer, minimum: 0, maximum: 60}`:                                      {Before: "integer", After: ", 0 to 60"},
		`{type: number, minimum: 0.5}`:                                                  {Before: "number", After: ", from 0.5"},
		`{type: array, maxItems: 3, items: {type: boolean}}`:                            {Before: "list (at most 3) of boolean"},
		`{type: array, minItems: 1, items: {$ref: "#/components/schemas/A"}}`:           {Before: "list (at least 1) of ", Refs: []string{"A"}},
		`{oneOf: [{$ref: "#/components/schemas/A"}, {$ref: "#/components/schemas/B"}]}`: {Before: "one of ", Refs: []string{"A", "B"}},
		`{}`: {Before: "anything"},
	} {
		doc, err := openapi3.NewLoader().LoadFromData([]byte("openapi: 3.0.3\ninfo: {title: t, version: v}\npaths: {}\ncomponents: {schemas: {A: {type: object}, B: {type: object}, S: " + schema + "}}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := typeOf(doc.Components.Schemas["S"]); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, want %+v", schema, got, want)
		}
	}
}

func TestAnExamplesFieldsComeInTheOrderOfItsSchema(t *testing.T) {
	doc, err := newContract([]byte("openapi: 3.0.3\ninfo: {title: t, version: v}\npaths: {}\ncomponents: {schemas: {S: {type: object, properties: {z: {type: string}, a: {type: array, items: {type: object, properties: {y: {}, b: {}}}}}}}}"))
	if err != nil {
		t.Fatal(err)
	}
	v := map[string]any{"q": nil, "a": []any{map[string]any{"b": 1, "y": "<"}, map[string]any{}}, "z": "s"}
	want := `{
  "z": "s",
  "a": [
    {
      "y": "<",
      "b": 1
    },
    {}
  ],
  "q": null
}`
	if got := exampleText(v, doc.document.Components.Schemas["S"]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
