//go:build goexperiment.jsonv2

package scan

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"
)

// TestCycloneDXIsValid holds an SBOM against the schema of CycloneDX 1.6, which
// the project's own Go module ships.
func TestCycloneDXIsValid(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	for url, file := range map[string]string{
		"http://cyclonedx.org/schema/bom-1.6.schema.json": "bom-1.6.schema.json", "http://cyclonedx.org/schema/spdx.schema.json": "spdx.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := SBOM(t.Context(), &b, "cyclonedx", analyzed(t), ""); err != nil {
		t.Fatal(err)
	}
	check := func(text string) error {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	if err := check(b.String()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(b.String(), `"specVersion": "1.6"`) {
		t.Error("not CycloneDX 1.6")
	}
	if check(strings.Replace(b.String(), `"type": "container"`, `"type": "ship"`, 1)) == nil {
		t.Error("the schema takes anything")
	}
}

// TestSPDXIsValid holds an SBOM against SPDX's own Go library: it reads it back
// and finds every relationship's ends.
func TestSPDXIsValid(t *testing.T) {
	ev := analyzed(t)
	var b bytes.Buffer
	if err := SBOM(t.Context(), &b, "spdx", ev, ""); err != nil {
		t.Fatal(err)
	}
	doc, err := spdxjson.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Error(err)
	}
	if doc.SPDXVersion != "SPDX-2.3" || doc.DataLicense != "CC0-1.0" || doc.DocumentNamespace == "" || doc.CreationInfo == nil || len(doc.CreationInfo.Creators) == 0 {
		t.Errorf("the document's head is %+v", doc)
	}
	if len(doc.Packages) < len(ev.Images[0].Scan.Packages) {
		t.Errorf("%d packages, the image has %d", len(doc.Packages), len(ev.Images[0].Scan.Packages))
	}
}
