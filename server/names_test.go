package server

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/imagegate/imagegate/internal/gate"
)

// The server writes the domain's types as they are, so the contract is true
// only while its schemas have the same names.
func TestTheContractNamesWhatTheDomainWrites(t *testing.T) {
	s, _ := newServer(t, Options{})
	schemas := s.contract.document.Components.Schemas
	for name, value := range map[string]any{
		"Verdict": gate.Verdict{}, "Evaluation": evaluation{}, "Image": image{}, "Readiness": readiness{}, "Problem": Problem{},
		"Rescan": gate.Rescan{}, "Verification": gate.Verification{}, "WorkloadReport": gate.WorkloadReport{},
		"EvaluationList": evaluationList{}, "Batch": batch{},
	} {
		same(t, name, schemas[name], reflect.TypeOf(value), true)
	}
	same(t, "EvaluationRequest", schemas["EvaluationRequest"], reflect.TypeFor[gate.Request](), true)
}

// same holds a schema against a type, and what they are made of.
func same(t *testing.T, at string, ref *openapi3.SchemaRef, of reflect.Type, required bool) {
	t.Helper()
	if ref == nil {
		t.Errorf("%s: the contract has no such schema", at)
		return
	}
	schema := ref.Value
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() == reflect.Interface {
		return // any value
	}
	kinds := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer",
		reflect.Float64: "number", reflect.Slice: "array", reflect.Struct: "object",
	}
	want := kinds[of.Kind()]
	if of == reflect.TypeFor[time.Time]() {
		want = "string"
	}
	if !schema.Type.Is(want) {
		t.Errorf("%s: the contract says %v, the domain %s", at, schema.Type, want)
		return
	}
	switch want {
	case "array":
		same(t, at+"[]", schema.Items, of.Elem(), required)
	case "object":
		var names []string
		for i := range of.NumField() {
			name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				continue // it is not written
			}
			names = append(names, name)
			property := schema.Properties[name]
			if property == nil {
				t.Errorf("%s.%s: not in the contract", at, name)
				continue
			}
			if always := !strings.Contains(options, "omit"); required && always != slices.Contains(schema.Required, name) {
				t.Errorf("%s.%s: always written is %t, required by the contract %t", at, name, always, !always)
			}
			same(t, at+"."+name, property, of.Field(i).Type, required)
		}
		for name := range schema.Properties {
			if !slices.Contains(names, name) {
				t.Errorf("%s.%s: the domain does not write it", at, name)
			}
		}
	}
}
