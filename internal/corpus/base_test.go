//go:build goexperiment.jsonv2

package corpus

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
)

const (
	baseName   = "org.opencontainers.image.base.name"
	baseDigest = "org.opencontainers.image.base.digest"
)

// approving is a policy that approves bases, beside what the default demands.
func approving(bases ...string) string {
	rules := "- {name: vulnerabilities, maxSeverity: MEDIUM, ignoreUnfixed: true}\n- {name: catalogue, catalogue: {deny: HIGH, warn: MEDIUM}}\n"
	if len(bases) > 0 {
		rules += fmt.Sprintf("- {name: base, base: {approved: ['%s']}}\n", strings.Join(bases, "', '"))
	}
	return rules
}

// named splits what push returns into repository and digest.
func named(reference string) (repository, digest string) {
	repository, digest, _ = strings.Cut(reference, "@")
	return repository, digest
}

func TestABaseIsWhatTheLayersProve(t *testing.T) {
	r := newRig(t)
	old := image(base(), layer{file("etc/motd", 0o644, "the base\n")})
	repository, digest := named(r.push(t, "bases/proof:1", old.built(t)))
	tag := repository + ":1"
	above := func(more ...layer) specimen {
		return image(append([]layer{old.layers[0], old.layers[1], {program("app")}}, more...)...)
	}
	parent := above().labelled(baseName, tag).labelled(baseDigest, digest)
	parentRepository, _ := named(r.push(t, "bases/parent:1", parent.built(t)))
	parentTag := parentRepository + ":1"
	child := above(layer{file("srv/child.txt", 0o644, "child\n")})
	flat := image(append(append(append(layer{}, old.layers[0]...), old.layers[1]...), program("app")))
	lie := map[string]string{baseName: tag, baseDigest: digest}
	stranger := image(layer{file("etc/motd", 0o644, "another base\n")}, base(), layer{program("app")})

	tools := image(base("busybox 1.37.0-r0 bin/busybox"))
	debugRepository, _ := named(r.push(t, "bases/proof:debug", tools.built(t)))
	debug, debugged := debugRepository+":debug", image(tools.layers[0], layer{program("app")})

	for _, tt := range []struct {
		name   string
		image  specimen
		bases  []string
		proof  gate.Proof
		layers int
		fires  []string
		silent []string
	}{
		{name: "the layers of an approved base come first", image: above(), bases: []string{tag}, proof: gate.ProofProven, layers: 2, silent: []string{"BASE-01", "BASE-02", "BASE-03", "BASE-09"}},
		{name: "a mirror compressed the layers anew, with zstd", image: specimen{layers: above().layers, zstd: true}, bases: []string{tag}, proof: gate.ProofProven, layers: 2,
			silent: []string{"BASE-01", "BASE-02", "META-05", "META-07", "SCAN-05"}},
		{name: "the base is the variant for finding faults", image: debugged, bases: []string{debug}, proof: gate.ProofProven, layers: 1, fires: []string{"BASE-06"}, silent: []string{"BASE-01", "BASE-02"}},
		{name: "the base is approved by the digest of its manifest", image: above(), bases: []string{repository + "@" + digest}, proof: gate.ProofProven, layers: 2, silent: []string{"BASE-02"}},
		{name: "all was squashed into one layer, and the annotation is all that is left", image: flat.annotated(lie), bases: []string{tag}, proof: gate.ProofClaimed,
			fires: []string{"BASE-01", "BASE-02", "BASE-09"}, silent: []string{"BASE-03"}},
		{name: "an annotation names an approved base that is not below", image: stranger.annotated(lie), bases: []string{tag}, proof: gate.ProofUnknown, fires: []string{"BASE-01", "BASE-02", "BASE-03"}},
		{name: "a label names an approved base that is not below", image: stranger.labelled(baseName, tag).labelled(baseDigest, digest), bases: []string{tag}, proof: gate.ProofUnknown,
			fires: []string{"BASE-01", "BASE-02", "BASE-03"}},
		{name: "a label was inherited, and speaks of the base's own base", image: child.labelled(baseName, tag).labelled(baseDigest, digest), bases: []string{parentTag},
			proof: gate.ProofProven, layers: 3, silent: []string{"BASE-01", "BASE-02", "BASE-03"}},
		{name: "the layers of the base come, and not first", image: image(layer{file("srv/first.txt", 0o644, "first\n")}, old.layers[0], old.layers[1], layer{program("app")}), bases: []string{tag},
			proof: gate.ProofUnknown, fires: []string{"BASE-01", "BASE-02"}},
		{name: "only some layers of the base are there", image: image(old.layers[0], layer{program("app")}), bases: []string{tag}, proof: gate.ProofUnknown, fires: []string{"BASE-01", "BASE-02"}},
		{name: "the image is the approved base itself", image: old.set(noCommand), bases: []string{tag}, proof: gate.ProofProven, layers: 2, silent: []string{"BASE-01", "BASE-02", "BASE-03"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := r.with(t, approving(tt.bases...)).judge(t, r.push(t, "", tt.image.built(t)))
			hold(t, d, tt.fires, tt.silent)
			if b := d.evidence.Images[0].Base; b.Proof != tt.proof || b.Layers != tt.layers {
				t.Errorf("the base is %s with %d layers, want %s with %d", b.Proof, b.Layers, tt.proof, tt.layers)
			}
		})
	}
}

// TestAMovedBaseTagLeavesBothBuildsProven moves the tag of an approved base: an
// image on the build before is still proven, is told what a rebuild mends, and
// one that was rebuilt is left in peace.
func TestAMovedBaseTagLeavesBothBuildsProven(t *testing.T) {
	r := newRig(t)
	month := 30 * 24 * time.Hour
	old, newer := image(base(vulnerableOpenSSL)).created(time.Now().Add(-3*month)), image(base(fixedOpenSSL)).created(time.Now().Add(-month))
	moved := fmt.Sprintf("bases/moved-%d:1", r.pushed.Add(1))
	repository, oldDigest := named(r.push(t, moved, old.built(t)))
	under := r.with(t, approving(repository+":1"))
	app := r.push(t, "", image(old.layers[0], layer{program("app")}).built(t))
	if d := under.judge(t, app); d.Platforms[0].Base.Digest != oldDigest || d.Platforms[0].Base.Newest != nil {
		t.Fatalf("before the tag moved: %+v", d.Platforms[0].Base)
	}

	_, newDigest := named(r.push(t, moved, newer.built(t)))
	// Another hour has begun: a base is known from memory for one.
	client, err := registry.New(registry.Options{Retries: 1, BaseHistory: r.store})
	if err != nil {
		t.Fatal(err)
	}
	under.Bases = client
	stale := r.push(t, "", image(old.layers[0], layer{program("app"), file("srv/changed.txt", 0o644, "changed\n")}).built(t))
	d := under.judge(t, stale)
	hold(t, d, []string{"BASE-04", "VULN-SEVERITY"}, []string{"BASE-01", "BASE-02", "BASE-03"})
	b := d.Platforms[0].Base
	if b.Proof != gate.ProofProven || b.Digest != oldDigest || b.Newest == nil || b.Newest.Digest != newDigest {
		t.Fatalf("on last month's build: %+v", b)
	}
	if b.Newest.Removes != 1 || b.Newest.Of != len(d.Violations) {
		t.Errorf("a rebuild removes %d of %d, want 1 of %d", b.Newest.Removes, b.Newest.Of, len(d.Violations))
	}

	rebuilt := r.push(t, "", image(newer.layers[0], layer{program("app")}).built(t))
	d = under.judge(t, rebuilt)
	hold(t, d, nil, []string{"BASE-01", "BASE-02", "BASE-03", "BASE-04", "VULN-SEVERITY"})
	if b := d.Platforms[0].Base; b.Proof != gate.ProofProven || b.Digest != newDigest || b.Newest != nil {
		t.Errorf("rebuilt: %+v", b)
	}
}
