//go:build goexperiment.jsonv2

package corpus

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
)

// rawManifest is a manifest's bytes, served under a media type.
type rawManifest struct {
	data []byte
	kind types.MediaType
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.data, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.kind, nil }

// pushRaw puts an image into the registry whose config and manifest somebody
// edited, as no builder writes them, beside another image of its repository, and
// returns it by tag.
func (r *rig) pushRaw(t *testing.T, s specimen, config, manifest func(string) string, served types.MediaType, beside ...v1.Image) string {
	t.Helper()
	img := s.built(t)
	pushed, _ := named(r.push(t, "", img))
	for _, b := range beside {
		r.push(t, strings.TrimPrefix(pushed, r.registry.Host+"/")+":beside", b)
	}
	repository, err := name.NewRepository(pushed)
	if err != nil {
		t.Fatal(err)
	}
	rawConfig, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	blob := static.NewLayer([]byte(config(string(rawConfig))), types.OCIConfigJSON)
	if err := remote.WriteLayer(repository, blob); err != nil {
		t.Fatal(err)
	}
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	m = m.DeepCopy()
	if m.Config.Digest, err = blob.Digest(); err != nil {
		t.Fatal(err)
	}
	if m.Config.Size, err = blob.Size(); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	tag := repository.Tag("raw")
	if err := remote.Put(tag, rawManifest{[]byte(manifest(string(data))), served}); err != nil {
		t.Fatal(err)
	}
	return tag.Name()
}

func asItIs(s string) string { return s }

// changed replaces a part of a text that must be there.
func changed(t *testing.T, part, with string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, part) {
			t.Fatalf("%q is not in %s", part, s)
		}
		return strings.Replace(s, part, with, 1)
	}
}

// TestAConfigIsReadAsRuntimesReadIt has configs that say a thing twice. Docker,
// containerd, Podman and CRI-O read them with Go's encoding/json: names in any
// case, the last of two counts, null changes nothing.
func TestAConfigIsReadAsRuntimesReadIt(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct {
		name, user    string
		fires, silent []string
	}{
		{name: "a user, and another one under a name in lower case", user: `"User":"65532:65532","user":"0"`, fires: []string{"USER-02"}},
		{name: "a user twice, of which the first is root", user: `"User":"0","User":"65532:65532"`, silent: []string{"USER-01", "USER-02"}},
		{name: "root, and null after it", user: `"User":"0","user":null`, fires: []string{"USER-02"}},
		{name: "a user, and an empty one after it", user: `"User":"65532:65532","USER":""`, fires: []string{"USER-01"}},
		{name: "a config, and another one after it", user: `"User":"65532:65532"},"Config":{"User":"root"`, fires: []string{"USER-02"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reference := r.pushRaw(t, plain(), changed(t, `"User":"65532:65532"`, tt.user), asItIs, types.OCIManifestSchema1)
			hold(t, r.judge(t, reference), tt.fires, tt.silent)
		})
	}
}

// TestAManifestThatIsTwoThingsIsNoImage has manifests that one runtime takes for
// an image and another for an index (CVE-2021-41190): what is checked would not
// be what runs.
func TestAManifestThatIsTwoThingsIsNoImage(t *testing.T) {
	r := newRig(t)
	root := plain().user("").built(t)
	listed, err := index(child{image: root, os: "linux", arch: "amd64"}).RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	entries := string(listed[bytes.Index(listed, []byte(`"manifests":`)) : len(listed)-1])
	both := func(s string) string { return "{" + entries + "," + s[1:] }
	untyped := func(s string) string {
		return strings.Replace(s, `"mediaType":"`+string(types.OCIManifestSchema1)+`",`, "", 1)
	}
	for _, tt := range []struct {
		name     string
		manifest func(string) string
		served   types.MediaType
	}{
		{"an image that lists images", both, types.OCIManifestSchema1},
		{"an image that lists images and does not say what it is, served as an index", func(s string) string { return both(untyped(s)) }, types.OCIImageIndex},
		{"an image that lists images and does not say what it is, served as an image", func(s string) string { return both(untyped(s)) }, types.OCIManifestSchema1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := r.Evaluate(t.Context(), "", gate.Request{Image: r.pushRaw(t, plain(), asItIs, tt.manifest, tt.served, root), Full: true}, true, nil)
			if err != nil {
				t.Fatal(err)
			}
			if v.Decision != gate.Errored || v.Error.Code != gate.CodeInvalid {
				t.Errorf("decided %s, want an error that calls it invalid: %+v %s", v.Decision, v.Error, told(v.Violations))
			}
		})
	}
}
