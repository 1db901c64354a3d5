package gate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/registry"
)

const (
	baseName   = "org.opencontainers.image.base.name"
	baseDigest = "org.opencontainers.image.base.digest"
)

// put pushes an image and returns its reference and digest.
func (r *rig) put(t *testing.T, repositoryTag string, img v1.Image) (reference, digest string) {
	t.Helper()
	tag, err := name.NewTag(r.host + "/" + repositoryTag)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return tag.Name(), d.String()
}

// on adds a layer to an image.
func on(t *testing.T, base v1.Image) v1.Image {
	t.Helper()
	layer, err := random.Layer(300, types.OCILayer)
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(base, layer)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// labelled sets labels as a build does, after those it inherits.
func labelled(t *testing.T, img v1.Image, labels map[string]string) v1.Image {
	t.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	if config.Config.Labels == nil {
		config.Config.Labels = map[string]string{}
	}
	for k, v := range labels {
		config.Config.Labels[k] = v
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func annotated(img v1.Image, annotations map[string]string) v1.Image {
	return mutate.Annotations(img, annotations).(v1.Image)
}

// approve puts a policy with approved bases in force.
func (r *rig) approve(t *testing.T, rules string, bases ...string) {
	t.Helper()
	approved := ""
	if len(bases) > 0 {
		approved = fmt.Sprintf("- {name: base, base: {approved: ['%s']}}\n", strings.Join(bases, "', '"))
	}
	p, err := policy.Load("p.yaml", []byte("apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\nmetadata: {name: default}\nrules:\n"+approved+rules))
	if err != nil {
		t.Fatal(err)
	}
	r.Policies = policy.NewSet("", p...)
}

const truthful = "- {name: truthful, base: {truthful: required}}\n"

// base asks about an image and returns what is known of its base, with the
// checks that denied.
func (r *rig) base(t *testing.T, image string) (*gate.Base, []string) {
	t.Helper()
	v := r.ask(t, gate.Request{Image: image, Full: true})
	if v.Evidence == "" {
		t.Fatalf("no evidence: %+v", v.Error)
	}
	ev, err := r.store.Evidence(t.Context(), v.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	var checks []string
	for _, f := range v.Violations {
		checks = append(checks, f.Check)
	}
	return ev.Images[0].Base, checks
}

func TestHowWellABaseIsKnown(t *testing.T) {
	r := newRig(t)
	old := image(t, "amd64", nil)
	baseRef, oldDigest := r.put(t, "base:1", old)
	pinned := r.host + "/base"
	parent := on(t, old)
	parentRef, parentDigest := r.put(t, "parent:1", labelled(t, parent, map[string]string{baseName: baseRef, baseDigest: oldDigest}))
	inherited := map[string]string{baseName: baseRef, baseDigest: oldDigest}

	for _, s := range []struct {
		name   string
		image  v1.Image
		bases  []string
		proof  gate.Proof
		layers int
		claim  gate.ClaimState
		denied string
	}{
		{name: "on an approved base", image: on(t, old), bases: []string{baseRef}, proof: gate.ProofProven, layers: 2},
		{name: "on a base that only its annotation names", image: annotated(on(t, old), map[string]string{baseName: baseRef, baseDigest: oldDigest}), proof: gate.ProofMatched, layers: 2, claim: gate.ClaimTrue},
		{name: "with an annotation that lies", image: annotated(on(t, image(t, "amd64", nil)), map[string]string{baseName: baseRef, baseDigest: oldDigest}), proof: gate.ProofUnknown, claim: gate.ClaimFalse, denied: "BASE-03"},
		{name: "with a label that lies", image: labelled(t, on(t, image(t, "amd64", nil)), inherited), proof: gate.ProofUnknown, claim: gate.ClaimFalse, denied: "BASE-03"},
		{name: "squashed, with the annotation of its build", image: annotated(squashed(t), map[string]string{baseName: baseRef, baseDigest: oldDigest}), proof: gate.ProofClaimed},
		{name: "a child that inherited its base's label", image: labelled(t, on(t, parent), inherited), bases: []string{parentRef}, proof: gate.ProofProven, layers: 3, claim: gate.ClaimAncestor},
		{name: "a child that inherited its base's label, of which only the grandparent is known", image: labelled(t, on(t, parent), inherited), proof: gate.ProofMatched, layers: 2, claim: gate.ClaimTrue},
		{name: "a claim in a registry that nobody allowed", image: annotated(on(t, old), map[string]string{baseName: "elsewhere.example/base:1", baseDigest: oldDigest}), proof: gate.ProofClaimed},
		{name: "a claim of a digest that is not there", image: annotated(on(t, old), map[string]string{baseName: pinned, baseDigest: "sha256:" + strings.Repeat("0", 64)}), proof: gate.ProofClaimed},
		{name: "a digest that is not there, of a tag whose layers prove it", image: annotated(on(t, old), map[string]string{baseName: baseRef, baseDigest: "sha256:" + strings.Repeat("0", 64)}), proof: gate.ProofMatched, layers: 2, claim: gate.ClaimTrue},
		{name: "a digest that is not there, of a tag whose layers do not", image: annotated(on(t, image(t, "amd64", nil)), map[string]string{baseName: baseRef, baseDigest: "sha256:" + strings.Repeat("0", 64)}), proof: gate.ProofClaimed},
		{name: "by buildpacks", image: labelled(t, on(t, old), map[string]string{"io.buildpacks.lifecycle.metadata": fmt.Sprintf(`{"runImage":{"reference":"%s@%s"}}`, pinned, oldDigest)}), proof: gate.ProofMatched, layers: 2, claim: gate.ClaimTrue},
		{name: "the base itself", image: old, bases: []string{baseRef}, proof: gate.ProofProven, layers: 2},
		{name: "without a word about it", image: on(t, image(t, "amd64", nil)), proof: gate.ProofUnknown},
	} {
		t.Run(s.name, func(t *testing.T) {
			r.approve(t, truthful, s.bases...)
			ref, _ := r.put(t, "app:1", s.image)
			b, denied := r.base(t, ref)
			if b.Proof != s.proof || b.Layers != s.layers {
				t.Errorf("the base is %s with %d layers, want %s with %d: %+v", b.Proof, b.Layers, s.proof, s.layers, b)
			}
			if s.claim != "" && (len(b.Claims) != 1 || b.Claims[0].State != s.claim) {
				t.Errorf("the claims are %+v, want one that is %q", b.Claims, s.claim)
			}
			if got := strings.Join(denied, " "); !strings.Contains(got, s.denied) || (s.denied == "" && strings.Contains(got, "BASE-03")) {
				t.Errorf("denied by %q, want %q", got, s.denied)
			}
		})
	}
	t.Run("a longer base than the approved one still lies on the approved one", func(t *testing.T) {
		r.approve(t, truthful, baseRef)
		ref, _ := r.put(t, "app:1", annotated(on(t, parent), map[string]string{baseName: parentRef, baseDigest: parentDigest}))
		if b, _ := r.base(t, ref); b.Proof != gate.ProofProven || b.Layers != 2 || b.Claims[0].State != gate.ClaimTrue || b.Claims[0].Layers != 3 {
			t.Errorf("%+v", b)
		}
	})
}

// squashed is an image of one layer.
func squashed(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(300, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.User, config.Config.Entrypoint = "linux", "amd64", "65532:65532", []string{"/app"}
	img = mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func TestAnImageOnLastMonthsBaseIsProvenAndToldWhatARebuildMends(t *testing.T) {
	r := newRig(t)
	client, err := registry.New(registry.Options{Retries: 1, BaseHistory: r.store})
	if err != nil {
		t.Fatal(err)
	}
	r.Bases = client
	old, newer := image(t, "amd64", nil), image(t, "amd64", nil)
	baseRef, oldDigest := r.put(t, "base:1", old)
	r.approve(t, "- {name: vulnerabilities, maxSeverity: MEDIUM}\n- {name: current, base: {newest: required}}\n", baseRef)
	appRef, _ := r.put(t, "app:1", on(t, old))
	if b, _ := r.base(t, appRef); b.Proof != gate.ProofProven || b.Digest != oldDigest || b.Newest != nil {
		t.Fatalf("before: %+v", b)
	}

	// A month later the tag names another build, and two vulnerabilities of
	// the old one are known; one of them the new build has too.
	_, newDigest := r.put(t, "base:1", newer)
	later, err := registry.New(registry.Options{Retries: 1, BaseHistory: r.store})
	if err != nil {
		t.Fatal(err)
	}
	r.Bases = later
	r.now.Store(start.Add(30 * 24 * time.Hour).Unix())
	r.scanner.database.UpdatedAt = start.Add(30*24*time.Hour - time.Hour)
	layers := func(a *gate.Analysis) int { return len(a.Contents.Layers) }
	r.scanner.change = func(a *gate.Analysis) {
		found := func(id string, layer int) gate.Vulnerability {
			return gate.Vulnerability{ID: id, Package: "openssl", Installed: "1", Fixed: "2", Severity: gate.SeverityHigh, Layer: layer}
		}
		a.Scan.Vulnerabilities = []gate.Vulnerability{found("CVE-2026-1", 0)}
		if layers(a) == 3 { // the application: base of two layers, and its own
			a.Scan.Vulnerabilities = []gate.Vulnerability{found("CVE-2026-1", 0), found("CVE-2026-2", 1), found("CVE-2026-3", 2)}
		}
	}
	v := r.ask(t, gate.Request{Image: appRef, Full: true})
	base := v.Platforms[0].Base
	if base.Proof != gate.ProofProven || base.Digest != oldDigest {
		t.Fatalf("the base is %+v", base)
	}
	if n := base.Newest; n == nil || n.Digest != newDigest || n.Removes != 1 || n.Of != len(v.Violations) {
		t.Errorf("a rebuild: %+v of %d violations", n, len(v.Violations))
	}
	origins := map[string]string{}
	for _, f := range v.Violations {
		if f.Vulnerability != nil {
			origins[f.Vulnerability.ID] = f.Origin
		}
	}
	if origins["CVE-2026-2"] != gate.OriginBase || origins["CVE-2026-3"] != gate.OriginImage {
		t.Errorf("origins %v", origins)
	}

	// The registry of the base is away: it is known from memory.
	offline, err := registry.New(registry.Options{Retries: -1, BaseHistory: r.store})
	if err != nil {
		t.Fatal(err)
	}
	r.Bases = offline
	r.baseDown.Store(true)
	if b, _ := r.base(t, appRef); b.Proof != gate.ProofProven || b.Digest != oldDigest {
		t.Errorf("offline: %+v", b)
	}
}

func TestABaseMustBeSignedWhereThePolicyNamesItsKey(t *testing.T) {
	r := newRig(t)
	old := image(t, "amd64", nil)
	baseRef, digest := r.put(t, "base:1", old)
	appRef, _ := r.put(t, "app:1", on(t, old))
	keys := &keys{}
	r.Keys = keys
	r.approve(t, "- name: signed\n  base:\n    signatures:\n    - base: "+r.host+"/base\n      key: |\n"+indented(publicKey), baseRef)
	if _, denied := r.base(t, appRef); strings.Join(denied, " ") != "BASE-08" {
		t.Errorf("an unsigned base: denied by %v", denied)
	}
	if keys.asked != r.host+"/base@"+digest {
		t.Errorf("asked about %s", keys.asked)
	}
	keys.by = "the key"
	r.now.Add(int64(72 * time.Hour / time.Second)) // the stored verdict has expired
	r.scanner.database.UpdatedAt = time.Unix(r.now.Load(), 0).Add(-time.Hour)
	if _, denied := r.base(t, appRef); len(denied) != 0 {
		t.Errorf("a signed base: denied by %v", denied)
	}
}

// keys stands for the signatures of a registry.
type keys struct{ by, asked string }

func (k *keys) SignedBy(_ context.Context, _ []gate.NamedKey, repository, digest string) (string, string, error) {
	k.asked = repository + "@" + digest
	return k.by, "there is no signature", nil
}

func (k *keys) Envelope([]gate.NamedKey, []byte) bool { return k.by != "" }

// publicKey is some public key.
const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEbzs6/+pJpkBjigRD0WOKZW3J8u2
ic7axIqBo0gkLZGZN8vPnFmfUIijf5gcLSXK3g83LrE6fKn21L5UzgQZ9w==
-----END PUBLIC KEY-----
`

func indented(s string) string {
	return "        " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n        ") + "\n"
}
