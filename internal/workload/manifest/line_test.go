package manifest

import "testing"

func TestLinesOfFields(t *testing.T) {
	objects := read(t, `apiVersion: v1
kind: Pod
metadata:
  labels:
    app.kubernetes.io/name: a
spec:
  containers:
  - name: a
    image: b
  - name: c
    securityContext:
      privileged: true
---
apiVersion: v1
kind: Pod
x: &x
  y: 1
z: *x
`)
	for _, test := range []struct {
		object int
		field  string
		want   int
	}{
		{0, "", 1},
		{0, "spec.containers[0].image", 9},
		{0, "spec.containers[1].securityContext.privileged", 12},
		{0, "spec.containers[0].securityContext.privileged", 8}, // where it would have to stand
		{0, "spec.containers[7]", 7},
		{0, `metadata.labels["app.kubernetes.io/name"]`, 5},
		{0, "status.phase", 1},
		{1, "x.y", 17},
		{1, "z.y", 17}, // through the alias
	} {
		if got := objects[test.object].LineOf(test.field); got != test.want {
			t.Errorf("%q is on line %d, want %d", test.field, got, test.want)
		}
	}
	if got := Join("metadata.labels", "a.b/c"); got != `metadata.labels["a.b/c"]` {
		t.Error(got)
	}
	if got := Steps(`a.b[0]["c.d"].e`); len(got) != 5 || got[3] != "c.d" {
		t.Error(got)
	}
}
