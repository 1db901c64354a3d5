package registry_test

import (
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/registry/registrytest"
)

func TestKnownBases(t *testing.T) {
	r := registrytest.New(t)
	amd64, arm64 := image(t, 2, 100, "linux", "amd64"), image(t, 1, 100, "linux", "arm64")
	idx := index(platformed(amd64, "linux", "amd64", ""), platformed(arm64, "linux", "arm64", ""))
	ref := r.Push(t, "base:v1", idx)
	c := newClient(t)
	references := []string{ref, r.Host + "/base:gone", "not a reference"}

	got := c.Known(t.Context(), references, "linux/amd64")
	if len(got) != 3 {
		t.Fatalf("%d answers for 3 questions", len(got))
	}
	config, err := amd64.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, d := range config.RootFS.DiffIDs {
		want = append(want, d.String())
	}
	if b := got[0]; b.Problem != "" || b.Digest != digest(t, idx) || !slices.Equal(b.DiffIDs, want) {
		t.Errorf("the base is known as %+v", b)
	}
	for _, b := range got[1:] {
		if b.Problem == "" || b.Digest != "" {
			t.Errorf("a base that cannot be resolved is known as %+v", b)
		}
	}

	t.Run("are remembered for their platform, problems are not", func(t *testing.T) {
		r.Reset()
		c.Known(t.Context(), references, "linux/amd64")
		if n := r.Counts(); n.References["v1"] != 0 || n.References["gone"] != 1 {
			t.Errorf("asked for %v", n.References)
		}
		if b := c.Known(t.Context(), references[:1], "linux/arm64")[0]; b.Problem != "" || slices.Equal(b.DiffIDs, want) {
			t.Errorf("for arm64 the base is known as %+v", b)
		}
	})
}
