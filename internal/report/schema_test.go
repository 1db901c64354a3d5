package report

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var schemas sync.Map // by name: fuzzing needs each many times

// schema compiles a file of testdata/schemas.
func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	if s, ok := schemas.Load(name); ok {
		return s.(*jsonschema.Schema)
	}
	file, err := os.ReadFile("testdata/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	schemas.Store(name, compiled)
	return compiled
}

// valid holds JSON against a schema.
func valid(t testing.TB, s *jsonschema.Schema, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("no JSON: %v", err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
}

func TestSARIFIsValid(t *testing.T) {
	s := schema(t, "sarif-schema-2.1.0.json")
	for name, d := range documents() {
		t.Run(name, func(t *testing.T) { valid(t, s, written(t, "sarif", d)) })
	}
}

func TestTheGitLabReportIsValid(t *testing.T) {
	s := schema(t, "gitlab-container-scanning.json")
	for name, d := range documents() {
		t.Run(name, func(t *testing.T) { valid(t, s, written(t, "gitlab", d)) })
	}
}
