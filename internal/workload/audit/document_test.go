package audit

import (
	"bytes"
	"os"
	"testing"
)

func TestDocumentationIsCurrent(t *testing.T) {
	want, err := os.ReadFile("../../../docs/workload-checks.md")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := Document(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/workload-checks.md is stale: run make generate")
	}
}

func TestEveryCheckHasItsFileAndItsTest(t *testing.T) {
	for _, c := range All() {
		name := c.Source()
		for _, f := range []string{name, name[:len(name)-len(".go")] + "_test.go"} {
			if _, err := os.Stat(f); err != nil {
				t.Errorf("%s: %v", c.ID, err)
			}
		}
	}
}
