package audit

import (
	"strings"
	"testing"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// scenario is one bundle and what a check says of it.
type scenario struct {
	name    string
	objects string // YAML
	context string
	options Options
	// want are the fields at fault, in order; empty means silence.
	want []string
	// says must be part of the first message.
	says string
	// outcome is that of the first finding.
	outcome string
}

func test(t *testing.T, c *Check, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Helper()
			in := Input{Objects: parse(t, s.objects), Context: parse(t, s.context), Options: s.options}
			var got []string
			found := c.Decide(in)
			for _, f := range found {
				if f.Message == "" || f.Fix == "" {
					t.Errorf("a finding without message or mend: %+v", f)
				}
				got = append(got, f.Field)
			}
			if strings.Join(got, " ") != strings.Join(s.want, " ") {
				t.Fatalf("found %q, want %q\n%+v", got, s.want, found)
			}
			if len(found) > 0 && (!strings.Contains(found[0].Message, s.says) || found[0].Outcome != s.outcome) {
				t.Errorf("%q (%q) does not say %q (%q)", found[0].Message, found[0].Outcome, s.says, s.outcome)
			}
			mends(t, c, in, found)
		})
	}
}

// mends applies each patch to the object it is for and asks the check again:
// what was mended must be gone.
func mends(t *testing.T, c *Check, in Input, found []Finding) {
	t.Helper()
	for _, f := range found {
		if len(f.Patch) == 0 {
			continue
		}
		mended, err := Mend(f.Object, []Finding{f})
		if err != nil {
			t.Fatal(err)
		}
		again := in
		again.Objects = nil
		for _, o := range in.Objects {
			if o == f.Object {
				o = manifest.FromCluster(mended)
			}
			again.Objects = append(again.Objects, o)
		}
		for _, left := range c.Decide(again) {
			if left.Field == f.Field && left.Name == f.Name && left.Message == f.Message {
				t.Errorf("%s is still at fault after %+v", f.Field, f.Patch)
			}
		}
	}
}

func parse(t *testing.T, text string) []*manifest.Object {
	t.Helper()
	objects, err := manifest.Read("test.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// podOf is a pod with a spec of its own, in YAML's flow style.
func podOf(spec string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns}, spec: {" + spec + "}}\n---\n"
}

// one is a pod with one container.
func one(container string) string { return podOf("containers: [{name: c, " + container + "}]") }
