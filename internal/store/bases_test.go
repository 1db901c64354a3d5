package store

import (
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func TestEveryBuildOfABaseIsRemembered(t *testing.T) {
	path := newDatabase(t)
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	saw := func(hour int, digest string) {
		t.Helper()
		s.now = func() time.Time { return noon.Add(time.Duration(hour) * time.Hour) }
		b := gate.KnownBase{Reference: "r.example/base:1", Digest: digest, DiffIDs: []string{digest + "-layer"}, Created: noon, Labels: map[string]string{"k": digest}}
		if err := s.SawBuild(t.Context(), "linux/amd64", b); err != nil {
			t.Fatal(err)
		}
	}
	saw(0, "sha256:a")
	saw(1, "sha256:b")
	saw(2, "sha256:a") // the tag went back
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	builds, err := s.Builds(t.Context(), "r.example/base:1", "linux/amd64")
	if err != nil || len(builds) != 2 {
		t.Fatalf("%+v %v", builds, err)
	}
	if b := builds[0]; b.Digest != "sha256:a" || b.DiffIDs[0] != "sha256:a-layer" || b.Labels["k"] != "sha256:a" || !b.Created.Equal(noon) {
		t.Errorf("the one seen last is %+v", b)
	}
	for _, other := range [][2]string{{"r.example/base:1", "linux/arm64"}, {"r.example/base:2", "linux/amd64"}} {
		if builds, err := s.Builds(t.Context(), other[0], other[1]); err != nil || len(builds) != 0 {
			t.Errorf("%v: %+v %v", other, builds, err)
		}
	}
}
