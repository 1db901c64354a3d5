package gate_test

import (
	"context"
	"encoding/json"
	"errors"
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
)

func TestAForbiddenReferenceMakesNoNetworkRequest(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	v := r.ask(t, gate.Request{Image: reference, Policy: "guide", Sign: true})
	if v.Decision != gate.Fail || r.requests.Load() != 0 || r.scanner.calls.Load() != 0 {
		t.Errorf("%s after %d requests", v.Decision, r.requests.Load())
	}
	if v.Signature.State != gate.Refused || v.Digest != "" {
		t.Errorf("signature %+v, digest %q", v.Signature, v.Digest)
	}
}

func TestARootImageIsDeniedWithoutALayer(t *testing.T) {
	r := newRig(t)
	reference, digest := r.push(t, "app", func(c *v1.Config) { c.User = "" })
	v := r.ask(t, gate.Request{Image: reference})
	if v.Decision != gate.Fail || v.Digest != digest || v.Violations[0].Check != "USER-01" {
		t.Errorf("%s %+v", v.Decision, v.Violations)
	}
	// One blob is the config.
	if r.blobs.Load() != 1 || r.scanner.calls.Load() != 0 {
		t.Errorf("%d blobs were asked for, %d analyses made", r.blobs.Load(), r.scanner.calls.Load())
	}
	full := r.ask(t, gate.Request{Image: reference, Full: true})
	if full.Decision != gate.Fail || r.scanner.calls.Load() != 1 {
		t.Errorf("with full, %s after %d analyses", full.Decision, r.scanner.calls.Load())
	}
}

func TestAPassIsStoredWithItsEvidenceBeforeItIsSigned(t *testing.T) {
	r := newRig(t)
	reference, digest := r.push(t, "app", nil)
	v := r.ask(t, gate.Request{Image: reference, Sign: true})
	if v.Decision != gate.Pass || v.Signature.State != gate.Signed {
		t.Fatalf("%s, %+v, %+v", v.Decision, v.Signature, v.Violations)
	}
	if got := r.signer.signed; len(got) != 1 || got[0].Digest != digest || got[0].Annotations[gate.AnnotationVerdict] != v.ID {
		t.Errorf("signed %+v", got)
	}
	stored, err := r.store.Verdict(t.Context(), v.ID)
	if err != nil || stored == nil || stored.Signature.State != gate.Signed {
		t.Fatalf("%+v, %v", stored, err)
	}
	ev, err := r.store.Evidence(t.Context(), v.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	// Promise 6: the verdict can be made again from what is stored.
	p, err := r.Policies.Select("", ev.Reference)
	if err != nil {
		t.Fatal(err)
	}
	again := p.Decide(ev, v.DecidedAt, false)
	again.ID, again.Evidence, again.Signature, again.Image = v.ID, v.Evidence, v.Signature, v.Image
	want, _ := json.Marshal(v)
	if got, _ := json.Marshal(again); string(got) != string(want) {
		t.Errorf("decided again:\n%s\nwas:\n%s", got, want)
	}
}

func TestADecidedDigestIsAnsweredFromTheStore(t *testing.T) {
	r := newRig(t)
	reference, digest := r.push(t, "app", nil)
	pinned := strings.TrimSuffix(reference, ":1") + "@" + digest
	first := r.ask(t, gate.Request{Image: pinned})
	r.requests.Store(0)
	second := r.ask(t, gate.Request{Image: pinned})
	if r.requests.Load() != 0 || r.scanner.calls.Load() != 1 || second.Evidence != first.Evidence || second.ID == first.ID {
		t.Errorf("%d requests, %d analyses", r.requests.Load(), r.scanner.calls.Load())
	}
	if v, err := r.Stored(t.Context(), gate.Request{Image: pinned}); err != nil || v == nil {
		t.Errorf("Stored does not know it: %v, %v", v, err)
	}
	for name, change := range map[string]func(){
		"a new database":     func() { r.scanner.database.UpdatedAt = start },
		"an expired verdict": func() { r.now.Store(start.Add(49 * time.Hour).Unix()) },
	} {
		change()
		if v, err := r.Stored(t.Context(), gate.Request{Image: pinned}); err != nil || v != nil {
			t.Errorf("%s: still answered from the store (%v)", name, err)
		}
	}
}

func TestATagIsResolvedAgainAndItsDigestReused(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	r.ask(t, gate.Request{Image: reference})
	r.ask(t, gate.Request{Image: reference})
	if r.scanner.calls.Load() != 1 {
		t.Errorf("%d analyses", r.scanner.calls.Load())
	}
	_, moved := r.push(t, "app", nil)
	if v := r.ask(t, gate.Request{Image: reference}); v.Digest != moved || r.scanner.calls.Load() != 2 {
		t.Errorf("the moved tag gives %s, want %s", v.Digest, moved)
	}
}

func TestTroublesOfTheGateAreErrorsAndNeverPasses(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*rig)
		code      gate.Code
		retryable bool
	}{
		"the registry is down":        {func(r *rig) { r.down.Store(true) }, gate.CodeUnavailable, true},
		"there is no database":        {func(r *rig) { r.scanner.err = gate.NewError(gate.CodeUnavailable, "no database", nil) }, gate.CodeUnavailable, true},
		"a step panics":               {func(r *rig) { r.scanner.panics = true }, gate.CodeInternal, false},
		"the analyzer names others":   {func(r *rig) { r.scanner.lies = true }, gate.CodeInternal, false},
		"the analyzer leaves one out": {func(r *rig) { r.scanner.change = func(a *gate.Analysis) { a.Contents.Layers = a.Contents.Layers[:1] } }, gate.CodeInternal, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			reference, _ := r.push(t, "app", nil)
			test.change(r)
			if test.retryable {
				if _, err := r.Evaluate(t.Context(), "early", gate.Request{Image: reference}, false, nil); !gate.Retryable(err) {
					t.Errorf("before the last attempt: %v", err)
				}
				if v, _ := r.store.Verdict(t.Context(), "early"); v != nil {
					t.Error("an attempt that will be repeated stored a verdict")
				}
			}
			v := r.ask(t, gate.Request{Image: reference, Sign: true})
			if v.Decision != gate.Errored || v.Error.Code != test.code || v.Error.Retryable != test.retryable || v.Error.Message == "" {
				t.Errorf("%s %+v", v.Decision, v.Error)
			}
			if len(r.signer.signed) > 0 || v.Signature.State != gate.Refused {
				t.Errorf("signature %+v", v.Signature)
			}
			if stored, err := r.store.Verdict(t.Context(), v.ID); err != nil || stored == nil {
				t.Errorf("the error is not on record: %v", err)
			}
		})
	}
}

func TestAnInterruptedEvaluationIsNotDecidedTwice(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	r.signer.err = gate.NewError(gate.CodeUnavailable, "registry away", nil)
	if _, err := r.Evaluate(t.Context(), "one", gate.Request{Image: reference, Sign: true}, false, nil); !gate.Retryable(err) {
		t.Fatalf("signing that may pass later: %v", err)
	}
	r.signer.err = nil
	v, err := r.Evaluate(t.Context(), "one", gate.Request{Image: reference, Sign: true}, false, nil)
	if err != nil || v.Signature.State != gate.Signed || r.scanner.calls.Load() != 1 {
		t.Errorf("%+v after %d analyses, %v", v.Signature, r.scanner.calls.Load(), err)
	}
}

func TestNothingIsSignedButAPassUnderThePolicyInForce(t *testing.T) {
	r := newRig(t)
	good, goodDigest := r.push(t, "good", nil)
	_, rootDigest := r.push(t, "root", func(c *v1.Config) { c.User = "0" })
	repository := func(s string) string { return r.host + "/" + s }
	conflict := func(name string, _ gate.Verdict, err error) {
		t.Helper()
		if gate.CodeOf(err) != gate.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	sign := func(repo, digest, policy string) (gate.Verdict, error) {
		return r.SignDigest(t.Context(), repository(repo), digest, policy)
	}
	v, err := sign("good", goodDigest, "")
	conflict("never evaluated", v, err)
	r.ask(t, gate.Request{Image: repository("root") + ":1"})
	v, err = sign("root", rootDigest, "")
	conflict("denied", v, err)
	if v := r.ask(t, gate.Request{Image: good, Policy: "strict", Sign: true}); v.Signature.State != gate.Refused || !strings.Contains(v.Signature.Reason, "default is in force") {
		t.Errorf("a verdict under another policy: %s %+v", v.Decision, v.Signature)
	}
	r.ask(t, gate.Request{Image: good})
	if v, err = sign("good", goodDigest, ""); err != nil || v.Signature.State != gate.Signed {
		t.Errorf("passed: %+v, %v", v.Signature, err)
	}
	r.now.Store(start.Add(49 * time.Hour).Unix())
	v, err = sign("good", goodDigest, "")
	conflict("expired", v, err)
	r.now.Store(start.Unix())
	r.Signer = nil
	v, err = sign("good", goodDigest, "")
	conflict("without a key", v, err)
	if len(r.signer.signed) != 1 {
		t.Errorf("signed %+v", r.signer.signed)
	}
}

func TestAnIndexIsDecidedAsAWhole(t *testing.T) {
	r := newRig(t)
	index := mutate.IndexMediaType(mutate.AppendManifests(emptyIndex(t),
		mutate.IndexAddendum{Add: image(t, "amd64", nil), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: image(t, "arm64", func(c *v1.Config) { c.User = "root" }), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
	), types.OCIImageIndex)
	tag, err := name.NewTag(r.host + "/multi:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	v := r.ask(t, gate.Request{Image: tag.Name()})
	if v.Decision != gate.Fail || v.Violations[0].Platform != "linux/arm64" || len(v.Platforms) != 2 {
		t.Errorf("%s %+v", v.Decision, v.Violations)
	}
	one := r.ask(t, gate.Request{Image: tag.Name(), Platforms: []string{"linux/amd64"}})
	if one.Decision != gate.Fail || one.Violations[0].Check != "META-02" {
		t.Errorf("an index of which one platform was looked at: %s %+v", one.Decision, one.Violations)
	}
}

func emptyIndex(t *testing.T) v1.ImageIndex {
	t.Helper()
	index, err := random.Index(1, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestAnApprovedBaseThatCannotBeAskedForIsAnErrorAndNotAFail(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	base, _ := r.push(t, "base", nil)
	policies, err := policy.Load("p.yaml", []byte("apiVersion: image-policy.k8s.io/v1\nkind: ImagePolicy\nmetadata: {name: default}\nrules: [{name: b, base: {approved: ['"+base+"']}}]"))
	if err != nil {
		t.Fatal(err)
	}
	r.Policies = policy.NewSet("", policies...)
	r.baseDown.Store(true)
	if v := r.ask(t, gate.Request{Image: reference}); v.Decision != gate.Errored || !v.Error.Retryable {
		t.Errorf("while the base's registry is away: %s %+v", v.Decision, v.Violations)
	}
	r.baseDown.Store(false)
	if v := r.ask(t, gate.Request{Image: reference}); v.Decision != gate.Fail || v.Violations[0].Check != "BASE-02" {
		t.Errorf("another base: %s %+v", v.Decision, v.Violations)
	}
	if v := r.ask(t, gate.Request{Image: base}); v.Decision != gate.Pass || v.Platforms[0].Base.Proof != gate.ProofProven {
		t.Errorf("the base itself: %s %+v", v.Decision, v.Violations)
	}
}

func TestACancelledEvaluationLeavesNoVerdict(t *testing.T) {
	r := newRig(t)
	reference, _ := r.push(t, "app", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Evaluate(ctx, "one", gate.Request{Image: reference}, true, nil); err == nil || errors.Is(err, nil) {
		t.Error("a cancelled evaluation ends without error")
	}
	if v, _ := r.store.Verdict(t.Context(), "one"); v != nil {
		t.Errorf("it stored %s", v.Decision)
	}
}
