package audit

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"sigs.k8s.io/yaml"
)

func TestPatchesAreFittedToEachOther(t *testing.T) {
	o := parse(t, one("image: i"))[0]
	context := "spec.containers[0].securityContext."
	findings := []Finding{
		{Object: o, Patch: set(o, context+"readOnlyRootFilesystem", true)},
		{Object: o, Patch: set(o, context+"allowPrivilegeEscalation", false)},
		{Object: o, Patch: set(o, context+"capabilities", map[string]any{"drop": []any{"ALL"}})},
		{Object: o, Patch: set(o, context+"readOnlyRootFilesystem", true)},
	}
	operations, err := Patch(o, findings)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(operations)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"op":"add","path":"/spec/containers/0/securityContext","value":{"readOnlyRootFilesystem":true}},` +
		`{"op":"add","path":"/spec/containers/0/securityContext/allowPrivilegeEscalation","value":false},` +
		`{"op":"add","path":"/spec/containers/0/securityContext/capabilities","value":{"drop":["ALL"]}}]`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if fmt.Sprint(o.Unstructured.Object["spec"]) != "map[containers:[map[image:i name:c]]]" {
		t.Error("the object itself was changed")
	}
}

func TestSetMakesNoListsAndFollowsNoScalars(t *testing.T) {
	o := parse(t, "{apiVersion: v1, kind: X, a: {b: [1], c: text}}")[0]
	for _, field := range []string{"a.b[0].d", "a.b[7].d", "a.c.d", "x[0].y", "a.b"} {
		got := set(o, field, 1)
		if (field == "a.b") != (len(got) == 1) {
			t.Errorf("%s: %v", field, got)
		}
	}
	if got := set(o, `metadata.labels["a.b/c~d"]`, "e"); got[0].Path != "/metadata" {
		t.Error(got)
	}
	o = parse(t, "{apiVersion: v1, kind: X, metadata: {labels: {}}}")[0]
	if got := set(o, `metadata.labels["a.b/c~d"]`, "e"); got[0].Path != "/metadata/labels/a.b~1c~0d" || got[0].Op != "add" {
		t.Error(got)
	}
}

func TestAPatchThatDoesNotFitIsAnError(t *testing.T) {
	o := parse(t, one("image: i"))[0]
	for _, path := range []string{"", "/spec/containers/5/image", "/spec/containers/0/name/x"} {
		if _, err := Patch(o, []Finding{{Object: o, Patch: []Operation{{Op: "add", Path: path, Value: 1}}}}); gate.CodeOf(err) != gate.CodeInternal {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestFixesAreFilesOfTheirDirectoryWhateverObjectsCallThemselves(t *testing.T) {
	findings, err := CheckManifests("-", []byte(
		strings.Replace(one("image: i"), "name: a", "name: ../../../etc/a", 1)+one("image: i")+one("image: i")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "fixes")
	if n, err := WriteFixes(dir, findings); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var component struct {
		Kind    string
		Patches []struct {
			Path   string
			Target map[string]string
		}
	}
	if err := yaml.Unmarshal(data, &component); err != nil || component.Kind != "Component" {
		t.Fatal(err, component)
	}
	var paths []string
	for _, p := range component.Patches {
		paths = append(paths, p.Path)
		var operations []Operation
		patch, err := os.ReadFile(filepath.Join(dir, p.Path))
		if err != nil || json.Unmarshal(patch, &operations) != nil || len(operations) == 0 || p.Target["kind"] != "Pod" || p.Target["namespace"] != "ns" {
			t.Errorf("%+v: %v %v", p, err, operations)
		}
	}
	if got := fmt.Sprint(paths); got != "[pod-ns-_________etc_a.json pod-ns-a.json pod-ns-a-2.json]" {
		t.Error(got)
	}
	if n, err := WriteFixes(filepath.Join(dir, "none"), nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}
