package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// block is a paragraph or a table of a description.
type block struct {
	Text []run
	Rows [][][]run // the first is the head
}

// run is a piece of a line, set as code or not.
type run struct {
	Text string
	Code bool
}

// blocks reads the little of Markdown that the contract's descriptions use:
// paragraphs, `code` and tables.
func blocks(text string) (out []block) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case strings.HasPrefix(part, "|"):
			out = append(out, block{Rows: tableRows(part)})
		default:
			out = append(out, block{Text: runs(strings.Join(strings.Fields(part), " "))})
		}
	}
	return out
}

func tableRows(text string) (out [][][]run) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Trim(strings.TrimSpace(line), "|")
		if strings.Trim(line, "-| ") == "" { // below the head
			continue
		}
		var row [][]run
		for cell := range strings.SplitSeq(line, "|") {
			row = append(row, runs(strings.TrimSpace(cell)))
		}
		out = append(out, row)
	}
	return out
}

func runs(line string) (out []run) {
	for i, part := range strings.Split(line, "`") {
		if part != "" {
			out = append(out, run{part, i%2 == 1})
		}
	}
	return out
}

// docsType is a schema in words: some before the schema that it names, which
// may be none, and some after.
type docsType struct {
	Before string
	Refs   []string
	After  string
	Enum   []string
	Format string // pattern, as it is
}

const schemaPath = "#/components/schemas/"

func typeOf(ref *openapi3.SchemaRef) (t docsType) {
	if ref == nil || ref.Value == nil {
		return docsType{Before: "anything"}
	}
	if name, ok := strings.CutPrefix(ref.Ref, schemaPath); ok {
		return docsType{Refs: []string{name}}
	}
	s := ref.Value
	switch {
	case len(s.OneOf) > 0:
		t.Before = "one of "
		for _, o := range s.OneOf {
			t.Refs = append(t.Refs, strings.TrimPrefix(o.Ref, schemaPath))
		}
		return t
	case s.Type.Is("array"):
		t = typeOf(s.Items)
		t.Before = "list" + bound(" (", ")", ptr(s.MinItems), s.MaxItems) + " of " + t.Before
		return t
	case s.Type == nil:
		return docsType{Before: "anything"}
	}
	t.Before = strings.Join(s.Type.Slice(), " or ")
	if s.Format != "" {
		t.Before += " (" + s.Format + ")"
	}
	for _, e := range s.Enum {
		t.Enum = append(t.Enum, fmt.Sprint(e))
	}
	switch {
	case s.Type.Is("string") && len(t.Enum) == 0 && s.Pattern == "":
		t.After = bound(", ", " characters", ptr(s.MinLength), s.MaxLength)
	case s.Min != nil && s.Max != nil:
		t.After = fmt.Sprintf(", %s to %s", number(*s.Min), number(*s.Max))
	case s.Min != nil:
		t.After = ", from " + number(*s.Min)
	}
	t.Format = s.Pattern
	if s.Default != nil {
		t.After += fmt.Sprintf("; default %v", s.Default)
	}
	return t
}

func ptr(n uint64) *uint64 {
	if n == 0 {
		return nil
	}
	return &n
}

func bound(before, after string, low, high *uint64) string {
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf("%s%d to %d%s", before, *low, *high, after)
	case high != nil:
		return fmt.Sprintf("%sat most %d%s", before, *high, after)
	case low != nil:
		return fmt.Sprintf("%sat least %d%s", before, *low, after)
	}
	return ""
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// exampleText is an example as JSON, its fields in the order of the schema; one
// that is text stands for itself.
func exampleText(v any, schema *openapi3.SchemaRef) string {
	if s, ok := v.(string); ok {
		return s
	}
	var out strings.Builder
	writeExample(&out, v, schema, "")
	return out.String()
}

func writeExample(out *strings.Builder, v any, ref *openapi3.SchemaRef, indent string) {
	var s *openapi3.Schema
	if ref != nil {
		s = ref.Value
	}
	switch v := v.(type) {
	case map[string]any:
		keys := orderedKeys(v, s)
		out.WriteString("{")
		for i, k := range keys {
			fmt.Fprintf(out, "%s\n%s  %s: ", comma(i), indent, asJSON(k))
			writeExample(out, v[k], propertyOf(s, v, k), indent+"  ")
		}
		closing(out, len(keys), indent, "}")
	case []any:
		out.WriteString("[")
		for i, e := range v {
			fmt.Fprintf(out, "%s\n%s  ", comma(i), indent)
			var items *openapi3.SchemaRef
			if s != nil {
				items = s.Items
			}
			writeExample(out, e, items, indent+"  ")
		}
		closing(out, len(v), indent, "]")
	default:
		out.WriteString(asJSON(v))
	}
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func closing(out *strings.Builder, n int, indent, bracket string) {
	if n > 0 {
		out.WriteString("\n" + indent)
	}
	out.WriteString(bracket)
}

func asJSON(v any) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what came from YAML can be written
	return strings.TrimSpace(out.String())
}

// chosen is the schema of a value: among several, the one whose kind it has.
func chosen(s *openapi3.Schema, v map[string]any) *openapi3.Schema {
	if s == nil || len(s.OneOf) == 0 {
		return s
	}
	for _, o := range s.OneOf {
		if kind := o.Value.Properties["kind"]; kind != nil && slices.Contains(kind.Value.Enum, v["kind"]) {
			return o.Value
		}
	}
	return nil
}

func propertyOf(s *openapi3.Schema, v map[string]any, key string) *openapi3.SchemaRef {
	if s = chosen(s, v); s == nil {
		return nil
	}
	return s.Properties[key]
}

func orderedKeys(v map[string]any, s *openapi3.Schema) (out []string) {
	if s = chosen(s, v); s != nil {
		for _, k := range inOrder(s.Properties, originOf) {
			if _, ok := v[k]; ok {
				out = append(out, k)
			}
		}
	}
	var rest []string
	for k := range v {
		if !slices.Contains(out, k) {
			rest = append(rest, k)
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}
