package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	kubectl "sigs.k8s.io/yaml"

	"github.com/imagegate/imagegate/internal/gate"
)

func read(t *testing.T, text string) []*Object {
	t.Helper()
	objects, err := Read("a.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestReadFindsEveryObject(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string // kind/name:line
	}{
		{"nothing is nothing", "", nil},
		{"comments and empty documents are nothing", "# a\n---\n---\n# b\n", nil},
		{"one document", "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n", []string{"Pod/a:1"}},
		{"several documents, with their lines", "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n---\n# c\nkind: Pod\napiVersion: v1\nmetadata: {name: b}\n", []string{"Pod/a:1", "Pod/b:6"}},
		{"a list is its members", "kind: List\napiVersion: v1\nitems:\n- kind: Pod\n  apiVersion: v1\n  metadata: {name: a}\n- kind: Pod\n  apiVersion: v1\n  metadata: {name: b}\n", []string{"Pod/a:4", "Pod/b:7"}},
		{"lists stand in lists", "kind: List\napiVersion: v1\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n  - kind: Pod\n    apiVersion: v1\n    metadata: {name: a}\n", []string{"Pod/a:7"}},
		{"a typed list's members need not say what they are", "kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n", []string{"Pod/a:4"}},
		{"JSON", `{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}`, []string{"Pod/a:1"}},
		{"JSON indented with tabs", "{\n\t\"kind\": \"Pod\",\n\t\"apiVersion\": \"v1\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n", []string{"Pod/a:1"}},
		{"JSON values one after the other", "{\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"a\"}}\n{\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"b\"}}\n", []string{"Pod/a:1", "Pod/b:2"}},
		{"a byte order mark", "\ufeffkind: Pod\napiVersion: v1\nmetadata: {name: a}\n", []string{"Pod/a:1"}},
		{"generateName stands in for a name", "kind: Pod\napiVersion: v1\nmetadata: {generateName: a-}\n", []string{"Pod/a-:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, o := range read(t, test.text) {
				got = append(got, fmt.Sprintf("%s/%s:%d", o.Kind(), o.Name(), o.Line))
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestReadSaysWhatIsWrongAndWhere(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	for _, test := range []struct {
		name, text string
		code       gate.Code
		says       []string
	}{
		{"no kind", "a: 1\n", gate.CodeInvalid, []string{"a.yaml:1", "no kind"}},
		{"no apiVersion", "kind: Pod\n", gate.CodeInvalid, []string{"a.yaml:1", "no apiVersion"}},
		{"text is no object", "hello\n", gate.CodeInvalid, []string{"a.yaml:1", "no object"}},
		{"a list is no object", "- kind: Pod\n", gate.CodeInvalid, []string{"a.yaml:1", "no object"}},
		{"a repeated key names both lines", "kind: Pod\napiVersion: v1\nmetadata:\n  name: a\n  name: b\n", gate.CodeInvalid, []string{"a.yaml:5", `"name" of line 4`}},
		{"a repeated key in JSON", "{\"kind\": \"Pod\",\n\"kind\": \"Pod\"}", gate.CodeInvalid, []string{"a.yaml:2", `"kind" of line 1`}},
		{"broken YAML", "kind: Pod\n  a: b\n", gate.CodeInvalid, []string{"a.yaml:2", "is not YAML"}},
		{"a template that does not parse", "kind: Pod\n{{- if .Values.a }}\napiVersion: v1\n{{- end }}\n", gate.CodeInvalid, []string{"a.yaml:", "helm template"}},
		{"a template that parses as a mapping", "kind: Pod\napiVersion: v1\nspec: {{ .Values.spec }}\n", gate.CodeInvalid, []string{"a.yaml:3", "helm template"}},
		{"a template in a name", "kind: Pod\napiVersion: v1\nmetadata: {name: \"{{ .Release.Name }}\"}\n", gate.CodeInvalid, []string{"a.yaml:1", "helm template"}},
		{"a YAML bomb", bomb + "kind: Pod\napiVersion: v1\n", gate.CodeLimit, []string{"a.yaml:", "YAML bomb"}},
		{"an alias of itself", "kind: Pod\napiVersion: v1\nspec: &a\n  b: *a\n", gate.CodeLimit, []string{"a.yaml:", "deeper"}},
		{"depth", "kind: Pod\napiVersion: v1\nspec: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n", gate.CodeLimit, []string{"a.yaml:3", "deeper than 100"}},
		{"great depth", strings.Repeat("[", 20000), gate.CodeInvalid, []string{"a.yaml:"}},
		{"a label that is no text", "kind: Pod\napiVersion: v1\nmetadata:\n  labels: {a: 1}\n", gate.CodeInvalid, []string{"quote it"}},
		{"a name that is no text", "kind: Pod\napiVersion: v1\nmetadata: {name: 1}\n", gate.CodeInvalid, []string{"quote it"}},
		{"a number that is none", "kind: Pod\napiVersion: v1\nspec: {a: .nan}\n", gate.CodeInvalid, []string{"a.yaml:3", "no number"}},
		{"too many values", strings.Repeat("- \n", 1_100_000), gate.CodeLimit, []string{"split it"}},
		{"too many bytes", strings.Repeat("#", 17<<20), gate.CodeLimit, []string{"16 MiB"}},
		{"too many objects", strings.Repeat("---\nkind: Pod\napiVersion: v1\n", 10_001), gate.CodeLimit, []string{"a.yaml:", "object 10001"}},
		{"an item that is no object", "kind: List\napiVersion: v1\nitems: [1]\n", gate.CodeInvalid, []string{"a.yaml:3", "items[0]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read("a.yaml", strings.NewReader(test.text))
			if err == nil {
				t.Fatal("was read")
			}
			if code := gate.CodeOf(err); code != test.code {
				t.Errorf("code %s, want %s: %v", code, test.code, err)
			}
			for _, s := range test.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if len(err.Error()) > 600 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestValuesAreWhatKubernetesReads(t *testing.T) {
	o := read(t, `kind: ConfigMap
apiVersion: v1
base: &base {a: 1, b: 2}
merged: {<<: *base, b: 3}
several: {<<: [*base, {c: 4, a: 5}]}
yes: 1
old: yes
quoted: "yes"
octal: 0400
date: 2020-01-02
big: 18446744073709551615
float: 1.5
nothing: ~
`)[0].Unstructured.Object
	for field, want := range map[string]string{
		"merged": "map[a:1 b:3]", "several": "map[a:1 b:2 c:4]", "true": "1", "old": "true", "quoted": "yes",
		"octal": "256", "date": "2020-01-02", "big": "1.8446744073709552e+19", "float": "1.5", "nothing": "<nil>",
	} {
		if got := fmt.Sprint(o[field]); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"kind: Pod\napiVersion: v1\nspec: {containers: [{name: a, image: b}]}\n",
		"kind: List\napiVersion: v1\nitems: [{kind: Pod, apiVersion: v1}]\n",
		"a: &a [*a]\n", "{\"kind\": \"Pod\"}", "? [a]\n: b\n", "<<: 1\n", "--- !!binary a\n", "{{ a }}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		objects, err := Read("f", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f") {
				t.Errorf("%q does not name the file", err)
			}
			return
		}
		for _, o := range objects {
			if o.Line < 1 || o.Kind() == "" {
				t.Errorf("object of kind %q at line %d", o.Kind(), o.Line)
			}
			for _, found := range Templates(o) {
				if o.LineOf(found.SpecPath) < o.Line {
					t.Errorf("%s stands before its object", found.SpecPath)
				}
			}
		}
	})
}

// TestScalarsAreReadAsKubectlReadsThem holds the conversion against the library
// that kubectl uses.
func TestScalarsAreReadAsKubectlReadsThem(t *testing.T) {
	for _, scalar := range []string{
		"y", "n", "yes", "NO", "on", "off", "true", "True", "FALSE", "~", "null", "", "'y'", `"null"`, "1", "-1", "+1", "0400", "0o14", "0x1F", "0b11", "1_000",
		"1e3", "1.5", ".5", "12:30:45", "2020-01-02", "1.2.3", "0.0", "- 1", "[y, n]", "{a: 1, yes: 2, 3: 4, 1.5: 6}", "!!str 1", "!!int '3'", "|\n  a\n  b\n", ">\n  a\n  b\n",
		"0777", "08", "0x", "9223372036854775807", "1e400", "!custom a", "!!binary aGk=",
	} {
		text := "apiVersion: v1\nkind: X\nv: " + scalar + "\n"
		want, wantErr := kubectl.YAMLToJSON([]byte(text))
		objects, err := Read("a", strings.NewReader(text))
		if wantErr != nil || err != nil {
			if (wantErr == nil) != (err == nil) {
				t.Errorf("%q: kubectl says %v, we say %v", scalar, wantErr, err)
			}
			continue
		}
		got, err := json.Marshal(objects[0].Unstructured.Object)
		if err != nil || string(got) != string(want) {
			t.Errorf("%q: kubectl reads %s, we read %s %v", scalar, want, got, err)
		}
	}
}
