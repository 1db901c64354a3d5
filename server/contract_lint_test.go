package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// contractLint finds what the contract leaves unsaid.
type contractLint struct {
	report func(at string, origin *openapi3.Origin, format string, args ...any)
	tags   []string
	used   map[string]bool // components, by their reference
	seen   map[*openapi3.Schema]bool
}

func TestTheContractLeavesNothingUnsaid(t *testing.T) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range lint(t, text) {
		t.Error(problem)
	}
}

// lint is what is unsaid in a document, with its lines.
func lint(t *testing.T, text []byte) (out []string) {
	t.Helper()
	c, err := newContract(text)
	if err != nil {
		t.Fatal(err)
	}
	l := contractLint{used: map[string]bool{}, seen: map[*openapi3.Schema]bool{}}
	l.report = func(at string, origin *openapi3.Origin, format string, args ...any) {
		place := "openapi.yaml"
		if origin != nil && origin.Key != nil {
			place += fmt.Sprintf(":%d", origin.Key.Line)
		}
		out = append(out, place+": "+at+": "+fmt.Sprintf(format, args...))
	}
	for _, tag := range c.document.Tags {
		l.tags = append(l.tags, tag.Name)
	}
	for _, path := range slices.Sorted(maps.Keys(c.document.Paths.Map())) {
		operations := c.document.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			l.operation(method+" "+path, operations[method])
		}
	}
	l.unused(t, c.document)
	return out
}

func (l *contractLint) operation(at string, o *openapi3.Operation) {
	for what, missing := range map[string]bool{"operationId": o.OperationID == "", "summary": o.Summary == "", "description": o.Description == "", "tag": len(o.Tags) == 0} {
		if missing {
			l.report(at, o.Origin, "it has no %s", what)
		}
	}
	for _, tag := range o.Tags {
		if !slices.Contains(l.tags, tag) {
			l.report(at, o.Origin, "the tag %s is not described", tag)
		}
	}
	for _, p := range o.Parameters {
		l.reference(p.Ref)
		l.schema(at+", parameter "+p.Value.Name, p.Value.Schema)
		if p.Value.Description == "" {
			l.report(at, p.Value.Origin, "the parameter %s has no description", p.Value.Name)
		}
	}
	if o.RequestBody != nil {
		l.content(at+", body", o.RequestBody.Value.Content, true)
	}
	succeeds, refuses := false, false
	for status, r := range o.Responses.Map() {
		l.reference(r.Ref)
		place := at + ", answer " + status
		fails := status == "default" || status >= "400"
		succeeds, refuses = succeeds || strings.HasPrefix(status, "2"), refuses || fails
		l.content(place, r.Value.Content, !fails || r.Ref != "")
		if fails && r.Value.Content["application/problem+json"] == nil && (o.OperationID != "getReadiness" || status != "503") {
			l.report(place, r.Value.Origin, "it is no application/problem+json")
		}
		if after := r.Value.Headers["Retry-After"]; (status == "429" || status == "503") && (after == nil || !after.Value.Required) {
			l.report(place, r.Value.Origin, "it does not promise Retry-After")
		}
		for name, h := range r.Value.Headers {
			l.reference(h.Ref)
			l.schema(place+", header "+name, h.Value.Schema)
		}
	}
	if !succeeds || !refuses {
		l.report(at, o.Origin, "it has an answer for success: %t, for problems: %t", succeeds, refuses)
	}
}

// content wants one example at least, of whichever of the types.
func (l *contractLint) content(at string, c openapi3.Content, example bool) {
	found := false
	for media, m := range c {
		found = found || m.Example != nil || len(m.Examples) > 0
		for _, e := range m.Examples {
			l.reference(e.Ref)
		}
		if m.Schema != nil && m.Schema.Ref == "" && m.Schema.Value.Type.Is("string") {
			continue // text as a whole
		}
		l.schema(at+", "+media, m.Schema)
	}
	if example && !found && len(c) > 0 {
		for _, m := range c {
			l.report(at, m.Origin, "it has no example")
			return
		}
	}
}

// schema wants bounds of everything that could be long or large.
func (l *contractLint) schema(at string, ref *openapi3.SchemaRef) {
	if ref == nil {
		l.report(at, nil, "it has no schema")
		return
	}
	l.reference(ref.Ref)
	if name, ok := strings.CutPrefix(ref.Ref, schemaPath); ok {
		at = name
	}
	s := ref.Value
	if l.seen[s] {
		return
	}
	l.seen[s] = true
	switch {
	case s.Type.Is("string") && s.MaxLength == nil && len(s.Enum) == 0 && s.Format == "" && s.Pattern == "":
		l.report(at, s.Origin, "a string without maxLength, enum, format or pattern")
	case s.Type.Is("array") && s.MaxItems == nil:
		l.report(at, s.Origin, "a list without maxItems")
	case (s.Type.Is("integer") || s.Type.Is("number")) && (s.Min == nil || s.Max == nil):
		l.report(at, s.Origin, "a number without minimum and maximum")
	}
	for _, name := range inOrder(s.Properties, originOf) {
		l.schema(at+"."+name, s.Properties[name])
	}
	if s.Items != nil {
		l.schema(at+"[]", s.Items)
	}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range list {
			l.schema(at, one)
		}
	}
}

func (l *contractLint) reference(ref string) {
	if ref != "" {
		l.used[ref] = true
	}
}

// unused finds components that no operation leads to.
func (l *contractLint) unused(t *testing.T, d *openapi3.T) {
	t.Helper()
	data, err := json.Marshal(d.Components)
	if err != nil {
		t.Fatal(err)
	}
	var kinds map[string]map[string]any
	if err := json.Unmarshal(data, &kinds); err != nil {
		t.Fatal(err)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, name := range slices.Sorted(maps.Keys(kinds[kind])) {
			if ref := "#/components/" + kind + "/" + name; kind != "securitySchemes" && !l.used[ref] {
				l.report(ref, nil, "nothing leads there")
			}
		}
	}
}

func TestWhatTheContractLeavesUnsaidIsFound(t *testing.T) {
	whole := `openapi: 3.0.3
info: {title: t, version: v1}
tags: [{name: a}]
paths:
  /a:
    get:
      operationId: getA
      summary: s
      description: d
      tags: [a]
      parameters:
      - {name: q, in: query, description: d, schema: {type: string, maxLength: 9}}
      responses:
        "200":
          description: d
          content: {application/json: {schema: {$ref: "#/components/schemas/A"}, example: {n: 1}}}
        "503": {$ref: "#/components/responses/Away"}
components:
  responses:
    Away:
      description: d
      headers: {Retry-After: {required: true, schema: {type: integer, minimum: 0, maximum: 9}}}
      content: {application/problem+json: {schema: {type: object}, example: {}}}
  schemas:
    A:
      type: object
      properties:
        n: {type: integer, minimum: 0, maximum: 9}
        l: {type: array, maxItems: 2, items: {type: string, enum: [x]}}
`
	if problems := lint(t, []byte(whole)); len(problems) > 0 {
		t.Fatalf("nothing is wrong, and it finds %q", problems)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"no operationId":             {"      operationId: getA\n", "", "openapi.yaml:6: GET /a: it has no operationId"},
		"no summary":                 {"      summary: s\n", "", "GET /a: it has no summary"},
		"no description":             {"      description: d\n      tags", "      tags", "GET /a: it has no description"},
		"no tag":                     {"      tags: [a]\n", "", "GET /a: it has no tag"},
		"a tag that is not there":    {"      tags: [a]", "      tags: [b]", "the tag b is not described"},
		"no example":                 {", example: {n: 1}", "", "openapi.yaml:16: GET /a, answer 200: it has no example"},
		"a parameter without words":  {"in: query, description: d,", "in: query,", "the parameter q has no description"},
		"a parameter without end":    {", maxLength: 9", "", "openapi.yaml:12: GET /a, parameter q: a string without maxLength"},
		"a list without end":         {", maxItems: 2", "", "openapi.yaml:29: A.l: a list without maxItems"},
		"entries without end":        {", enum: [x]", "", "A.l[]: a string without maxLength"},
		"a number without minimum":   {"n: {type: integer, minimum: 0,", "n: {type: integer,", "openapi.yaml:28: A.n: a number without minimum and maximum"},
		"a problem of another type":  {"application/problem+json", "application/json", "GET /a, answer 503: it is no application/problem+json"},
		"no word of coming back":     {"headers: {Retry-After: {required: true,", "headers: {Other: {required: true,", "GET /a, answer 503: it does not promise Retry-After"},
		"coming back without a vow":  {"Retry-After: {required: true,", "Retry-After: {", "it does not promise Retry-After"},
		"no problems":                {"        \"503\": {$ref: \"#/components/responses/Away\"}\n", "", "for problems: false"},
		"a component that is unused": {"    A:\n", "    B: {type: boolean}\n    A:\n", "#/components/schemas/B: nothing leads there"},
	} {
		if strings.Count(whole, test.from) != 1 {
			t.Fatalf("%s: %q is there %d times", name, test.from, strings.Count(whole, test.from))
		}
		problems := strings.Join(lint(t, []byte(strings.Replace(whole, test.from, test.to, 1))), "\n")
		if !strings.Contains(problems, test.want) {
			t.Errorf("%s: it finds %q, want %q", name, problems, test.want)
		}
	}
}
