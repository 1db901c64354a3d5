package registry_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
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

// memory is a history of bases.
type memory []gate.KnownBase

func (m *memory) Builds(context.Context, string, string) ([]gate.KnownBase, error) {
	return slices.Clone(*m), nil
}

func (m *memory) SawBuild(_ context.Context, _ string, b gate.KnownBase) error {
	*m = slices.DeleteFunc(*m, func(k gate.KnownBase) bool { return k.Digest == b.Digest })
	*m = append(memory{b}, *m...)
	return nil
}

func TestABaseIsKnownByEveryBuildItEverHad(t *testing.T) {
	r := registrytest.New(t)
	history := &memory{}
	fresh := func() *registry.Client { // an hour later
		return newClient(t, func(o *registry.Options) { o.BaseHistory, o.Retries = history, -1 })
	}
	first, second := image(t, 1, 100, "linux", "amd64"), image(t, 1, 100, "linux", "amd64")
	ref := r.Push(t, "base:v1", first)
	if got := fresh().Known(t.Context(), []string{ref}, "linux/amd64"); len(got) != 1 || got[0].Past || got[0].Digest != digest(t, first) {
		t.Fatalf("at first %+v", got)
	}
	r.Push(t, "base:v1", second)
	got := fresh().Known(t.Context(), []string{ref}, "linux/amd64")
	if len(got) != 2 || got[0].Digest != digest(t, second) || got[0].Past || got[1].Digest != digest(t, first) || !got[1].Past {
		t.Fatalf("after the tag moved %+v", got)
	}
	c := fresh()
	r.Inject(registrytest.Fault{Status: http.StatusServiceUnavailable, Times: 100})
	got = c.Known(t.Context(), []string{ref}, "linux/amd64")
	if len(got) != 2 || got[0].Digest != digest(t, second) || !got[0].Remembered || got[0].Problem != "" {
		t.Fatalf("while the registry is away %+v", got)
	}
	if away := c.RefreshBases(t.Context(), []string{ref}, []string{"linux/amd64"}); away != 1 {
		t.Errorf("%d bases could not be refreshed", away)
	}
}
