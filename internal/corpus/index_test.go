//go:build goexperiment.jsonv2

package corpus

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
)

// child is one entry of an index; platform "" is none.
type child struct {
	image        v1.Image
	os, arch     string
	annotations  map[string]string
	artifactType string
}

func index(children ...child) v1.ImageIndex {
	made := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, c := range children {
		d := v1.Descriptor{Annotations: c.annotations, ArtifactType: c.artifactType}
		if c.os != "" {
			d.Platform = &v1.Platform{OS: c.os, Architecture: c.arch}
		}
		made = mutate.AppendManifests(made, mutate.IndexAddendum{Add: c.image, Descriptor: d})
	}
	return made
}

// attestation is an attestation manifest as BuildKit writes it: an image by its
// media types, with a config that has no user, whose layer is a statement.
func attestation(t *testing.T, about v1.Image) child {
	t.Helper()
	digest, err := about.Digest()
	if err != nil {
		t.Fatal(err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	statement := static.NewLayer([]byte(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","subject":[]}`), "application/vnd.in-toto+json")
	if img, err = mutate.AppendLayers(img, statement); err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.History = "unknown", "unknown", nil
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return child{image: img, os: "unknown", arch: "unknown", annotations: referenceTo(digest.String())}
}

func referenceTo(digest string) map[string]string {
	return map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest}
}

func TestEveryImageOfAnIndexThatARuntimeMayTakeIsJudged(t *testing.T) {
	r := newRig(t)
	good, root := plain().built(t), plain().user("").built(t)
	arm := image(base(), layer{file("app", 0o755, elf(2, arm64, ""))}).platform("arm64")
	digest, err := good.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		index     v1.ImageIndex
		platforms []string // that were judged
		at        string   // the platform of all that denies
		fires     []string
		silent    []string
	}{
		{name: "attestations are no images that run as root", index: index(child{image: good, os: "linux", arch: "amd64"}, attestation(t, good)),
			platforms: []string{"linux/amd64"}, silent: []string{"USER-01", "META-01", "META-02", "META-06", "CONF-08"}},
		{name: "one platform runs as root while the other does not",
			index: index(child{image: good, os: "linux", arch: "amd64"}, child{image: arm.user("").built(t), os: "linux", arch: "arm64"}), platforms: []string{"linux/amd64", "linux/arm64"}, at: "linux/arm64", fires: []string{"USER-01"}, silent: []string{"META-02"}},
		{name: "one platform holds the program of the other",
			index: index(child{image: good, os: "linux", arch: "amd64"}, child{image: plain().platform("arm64").built(t), os: "linux", arch: "arm64"}), platforms: []string{"linux/amd64", "linux/arm64"}, fires: []string{"FS-14"}},
		{name: "the only image names no platform, and a runtime takes it all the same",
			index: index(child{image: root}), platforms: []string{"linux/amd64"}, at: "linux/amd64", fires: []string{"USER-01"}},
		{name: "an image for a platform stays one when it calls itself an attestation",
			index:     index(child{image: good, os: "linux", arch: "amd64"}, child{image: arm.user("root").built(t), os: "linux", arch: "arm64", annotations: referenceTo(digest.String())}),
			platforms: []string{"linux/amd64", "linux/arm64"}, at: "linux/arm64", fires: []string{"USER-02"}},
		{name: "an image stays one under an artifact type of another kind",
			index: index(child{image: good, os: "linux", arch: "amd64"}, child{image: root, artifactType: "application/vnd.example.sbom"}), platforms: []string{"linux/amd64", "linux/amd64"}, at: "linux/amd64", fires: []string{"USER-01"}},
		{name: "two images for one platform are both judged, since any may be taken",
			index: index(child{image: good, os: "linux", arch: "amd64"}, child{image: root, os: "linux", arch: "amd64"}), platforms: []string{"linux/amd64", "linux/amd64"}, at: "linux/amd64", fires: []string{"USER-01"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := r.judge(t, r.push(t, "", tt.index))
			hold(t, d, tt.fires, tt.silent)
			var platforms []string
			for _, p := range d.Platforms {
				platforms = append(platforms, p.Platform)
			}
			if !slices.Equal(platforms, tt.platforms) {
				t.Errorf("judged %v, want %v", platforms, tt.platforms)
			}
			for _, v := range d.Violations {
				if v.Platform != tt.at {
					t.Errorf("%s denies %q, want %q", v.Check, v.Platform, tt.at)
				}
			}
			if (d.Decision == gate.Fail) != (tt.at != "") {
				t.Errorf("decided %s", d.Decision)
			}
		})
	}
}
