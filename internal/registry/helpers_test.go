package registry_test

import (
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
)

// newClient makes a client that gives up soon.
func newClient(t testing.TB, change ...func(*registry.Options)) *registry.Client {
	t.Helper()
	o := registry.Options{Timeout: 5 * time.Second, Retries: 2}
	for _, f := range change {
		f(&o)
	}
	c, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t testing.TB, s string) gate.Reference {
	t.Helper()
	ref, err := gate.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func resolve(t testing.TB, c *registry.Client, ref string, platforms ...string) *gate.Resolved {
	t.Helper()
	out, err := c.Resolve(t.Context(), parse(t, ref), platforms)
	if err != nil {
		t.Fatalf("resolve %s: %v", ref, err)
	}
	return out
}

// refused expects Resolve to end in an error of the code whose message has all
// the words.
func refused(t testing.TB, c *registry.Client, ref string, platforms []string, code gate.Code, words ...string) {
	t.Helper()
	_, err := c.Resolve(t.Context(), parse(t, ref), platforms)
	expectError(t, err, code, words...)
}

func expectError(t testing.TB, err error, code gate.Code, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := gate.CodeOf(err); got != code {
		t.Errorf("code %s, want %s: %v", got, code, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

// image makes an image for a platform with n random layers of about size bytes.
func image(t testing.TB, n int64, size int64, os, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(size, n)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = os, arch
	config.Config.User = "65532"
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func platformed(img v1.Image, os, arch, variant string) mutate.IndexAddendum {
	return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: arch, Variant: variant}}}
}

// index makes an OCI index of what is added.
func index(added ...mutate.IndexAddendum) v1.ImageIndex {
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), added...)
}

func digest(t testing.TB, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// raw is a manifest of any content, for pushing.
type raw struct {
	body      string
	mediaType types.MediaType
}

func (r raw) RawManifest() ([]byte, error)        { return []byte(r.body), nil }
func (r raw) MediaType() (types.MediaType, error) { return r.mediaType, nil }
