package admission_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/workload/admission"
)

var (
	good    = "r.example/team/good@" + digestOf("a")
	bad     = "r.example/team/bad@" + digestOf("b")
	unknown = "r.example/team/unknown@" + digestOf("c")
)

// decidedRig knows one image that passes and one that fails, each by tag 1 too.
func decidedRig(t testing.TB, policies ...*policy.Policy) *rig {
	r := newRig(t, policies...)
	r.decided(t, "r.example/team/good:1", digestOf("a"), "", gate.Pass)
	r.decided(t, "r.example/team/bad:1", digestOf("b"), "", gate.Fail)
	return r
}

func TestWhatMayRunAndWhatMayNot(t *testing.T) {
	r := decidedRig(t)
	for name, test := range map[string]struct {
		request
		outcome admission.Outcome
		says    string
	}{
		"an image that passed":                      {request{object: pod(good)}, admission.Allowed, ""},
		"an image that failed":                      {request{object: pod(bad)}, admission.Denied, "no USER is set"},
		"an image nobody asked about":               {request{object: pod(unknown)}, admission.Denied, "gatectl check " + unknown},
		"one bad image among good ones":             {request{object: pod(good, bad)}, admission.Denied, `container "c1"`},
		"the passed digest in another repository":   {request{object: pod("evil.example/copy@" + digestOf("a"))}, admission.Denied, "never decided"},
		"a pod that names a tag, unpinned":          {request{object: pod("r.example/team/good:1")}, admission.Denied, "write r.example/team/good:1@" + digestOf("a")},
		"a deployment may name a decided tag":       {request{object: `{"kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"r.example/team/good:1"}]}}}}`}, admission.Allowed, ""},
		"a deployment with a failed tag":            {request{object: `{"kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"r.example/team/bad:1"}]}}}}`}, admission.Denied, "USER-01"},
		"a cron job":                                {request{object: `{"kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"` + bad + `"}]}}}}}}`}, admission.Denied, "USER-01"},
		"a custom resource that holds a pod":        {request{object: `{"kind":"Rollout","spec":{"template":{"spec":{"containers":[{"name":"a","image":"` + bad + `"}]}}}}`}, admission.Denied, "USER-01"},
		"an init container":                         {request{object: `{"kind":"Pod","spec":{"containers":[{"name":"a","image":"` + good + `"}],"initContainers":[{"name":"i","image":"` + bad + `"}]}}`}, admission.Denied, `init container "i"`},
		"an image volume":                           {request{object: `{"kind":"Pod","spec":{"containers":[{"name":"a","image":"` + good + `"}],"volumes":[{"name":"v","image":{"reference":"` + unknown + `"}}]}}`}, admission.Denied, `image volume "v"`},
		"a note that claims the outcome":            {request{object: podWith(`"imagegate.dev/verified":"true","kyverno.io/verify-images":"pass"`, bad)}, admission.Denied, "USER-01"},
		"glass broken where it may not be":          {request{object: podWith(`"break-glass.image-policy.k8s.io/reason":"let me"`, bad)}, admission.Denied, "USER-01"},
		"a container without an image":              {request{object: `{"kind":"Pod","spec":{"containers":[{"name":"a"}]}}`}, admission.Denied, "names no image"},
		"an image that is none":                     {request{object: pod("UPPER CASE")}, admission.Denied, "is not the image of a registry"},
		"a file of the gate's machine":              {request{object: pod("oci:/etc")}, admission.Denied, "is not the image of a registry"},
		"an image of ten thousand characters":       {request{object: pod("r.example/" + strings.Repeat("x", 10_000))}, admission.Denied, "is not the image of a registry"},
		"a config map":                              {request{object: `{"kind":"ConfigMap","data":{"a":"b"}}`}, admission.Ignored, ""},
		"what is deleted":                           {request{object: pod(bad), operation: admissionv1.Delete}, admission.Ignored, ""},
		"what is connected to":                      {request{object: pod(bad), operation: admissionv1.Connect}, admission.Ignored, ""},
		"a kubelet's mirror of its own pod":         {request{object: podWith(`"kubernetes.io/config.mirror":"x"`, unknown), user: "system:node:n1", groups: []string{"system:nodes"}}, admission.Ignored, ""},
		"a mirror that somebody else made":          {request{object: podWith(`"kubernetes.io/config.mirror":"x"`, unknown), user: "eve", groups: []string{"system:nodes"}}, admission.Denied, "never decided"},
		"a node's pod that is no mirror":            {request{object: pod(unknown), user: "system:node:n1", groups: []string{"system:nodes"}}, admission.Denied, "never decided"},
		"labels of a running pod whose image fails": {request{object: pod(bad), old: pod(bad), operation: admissionv1.Update}, admission.Ignored, ""},
		"a running pod given another image":         {request{object: pod(bad), old: pod(good), operation: admissionv1.Update}, admission.Denied, "USER-01"},
		"an ephemeral container added to a running pod": {request{
			object: `{"kind":"Pod","spec":{"containers":[{"name":"a","image":"` + bad + `"}],"ephemeralContainers":[{"name":"debug","image":"` + unknown + `"}]}}`,
			old:    `{"kind":"Pod","spec":{"containers":[{"name":"a","image":"` + bad + `"}]}}`, operation: admissionv1.Update, subresource: "ephemeralcontainers"}, admission.Denied, `ephemeral container "debug"`},
		"a deployment that is scaled while its image fails": {request{
			object: `{"kind":"Deployment","spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"a","image":"` + bad + `"}]}}}}`,
			old:    `{"kind":"Deployment","spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"a","image":"` + bad + `"}]}}}}`, operation: admissionv1.Update}, admission.Ignored, ""},
		"the version before": {request{object: pod(bad), reviewAPI: "admission.k8s.io/v1beta1"}, admission.Denied, "USER-01"},
	} {
		t.Run(name, func(t *testing.T) {
			a, outcome := r.review(t, test.request)
			if outcome != test.outcome || a.Allowed != (outcome != admission.Denied) {
				t.Fatalf("%s (allowed %t), want %s: %s", outcome, a.Allowed, test.outcome, message(a))
			}
			if !strings.Contains(message(a), test.says) {
				t.Errorf("it says %q, want something with %q", message(a), test.says)
			}
			if a.Patch != nil {
				t.Errorf("a validating answer changes the object: %s", a.Patch)
			}
		})
	}
}

func TestPodsArePinnedToWhatWasDecidedAndWorkloadsAreLeftAlone(t *testing.T) {
	r := decidedRig(t)
	a, outcome := r.review(t, request{mutate: true, object: `{"kind":"Pod","spec":{"containers":[{"name":"a","image":"r.example/team/good:1"},{"name":"b","image":"` + good + `"}],"initContainers":[{"name":"i","image":"r.example/team/good:1"}]}}`})
	want := `[{"op":"test","path":"/spec/containers/0/image","value":"r.example/team/good:1"},{"op":"replace","path":"/spec/containers/0/image","value":"r.example/team/good:1@` + digestOf("a") + `"},` +
		`{"op":"test","path":"/spec/initContainers/0/image","value":"r.example/team/good:1"},{"op":"replace","path":"/spec/initContainers/0/image","value":"r.example/team/good:1@` + digestOf("a") + `"}]`
	if outcome != admission.Allowed || string(a.Patch) != want {
		t.Errorf("%s %s\nwant %s", outcome, a.Patch, want)
	}
	if a, _ := r.review(t, request{mutate: true, object: `{"kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"r.example/team/good:1"}]}}}}`}); !a.Allowed || a.Patch != nil {
		t.Errorf("a workload that GitOps owns is changed: %s", a.Patch)
	}
	if a, outcome := r.review(t, request{mutate: true, object: pod("r.example/team/bad:1")}); outcome != admission.Denied || a.Patch != nil {
		t.Errorf("a failing image: %s %s", outcome, a.Patch)
	}
	// A newer verdict on the tag moves it.
	r.at(noon.Add(time.Hour))
	r.decided(t, "r.example/team/good:1", digestOf("d"), "", gate.Pass)
	if a, _ := r.review(t, request{mutate: true, object: pod("r.example/team/good:1")}); !strings.Contains(string(a.Patch), digestOf("d")) {
		t.Errorf("the tag still means %s", a.Patch)
	}
}

func TestUnderParallelLoadEachPodIsPinnedToItsOwnDigest(t *testing.T) {
	r := newRig(t)
	const images = 40
	digest := func(i int) string { return fmt.Sprintf("sha256:%064x", i+1) }
	for i := range images {
		r.decided(t, fmt.Sprintf("r.example/app-%d:1", i), digest(i), "", gate.Pass)
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 100 {
				i := (worker*13 + n) % images
				a, _ := r.review(t, request{mutate: true, object: pod(fmt.Sprintf("r.example/app-%d:1", i), fmt.Sprintf("r.example/app-%d:1", (i+1)%images))})
				var patch []struct{ Op, Path, Value string }
				if err := json.Unmarshal(a.Patch, &patch); err != nil || len(patch) != 4 ||
					patch[1].Value != fmt.Sprintf("r.example/app-%d:1@%s", i, digest(i)) || patch[3].Value != fmt.Sprintf("r.example/app-%d:1@%s", (i+1)%images, digest((i+1)%images)) {
					t.Errorf("app-%d: %s", i, a.Patch)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNamespacesChoosePolicyAndMode(t *testing.T) {
	r := decidedRig(t)
	r.decided(t, good, digestOf("a"), "strict", gate.Fail)
	r.labels = map[string]map[string]string{
		"default": nil, "strict": {admission.LabelPolicy: "strict"}, "warn": {admission.LabelMode: "warn"}, "audit": {admission.LabelMode: "audit"},
		"typo": {admission.LabelMode: "enfroce"}, "lost": {admission.LabelPolicy: "no-such"},
	}
	for name, test := range map[string]struct {
		image   string
		outcome admission.Outcome
		says    string
	}{
		"strict": {good, admission.Denied, "policy strict"},
		"warn":   {bad, admission.Warned, ""},
		"audit":  {bad, admission.Audited, ""},
		"typo":   {bad, admission.Denied, "USER-01"},
		"lost":   {good, admission.Denied, `no policy "no-such"`},
	} {
		a, outcome := r.review(t, request{object: pod(test.image), namespace: name})
		if outcome != test.outcome || !strings.Contains(message(a), test.says) {
			t.Errorf("%s: %s %s", name, outcome, message(a))
		}
		if name == "warn" && (len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "USER-01")) {
			t.Errorf("warnings %q", a.Warnings)
		}
		if name == "audit" && (len(a.Warnings) != 0 || !strings.Contains(a.AuditAnnotations["refused"], "USER-01")) {
			t.Errorf("audit annotations %q, warnings %q", a.AuditAnnotations, a.Warnings)
		}
	}
	if _, _, err := r.Review(t.Context(), request{object: pod(good), namespace: "new"}.body(t), false); gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("a namespace nobody knows: %v", err)
	}
}

func TestReferenceRulesHoldForEachPodWhateverWasDecided(t *testing.T) {
	policies, err := policy.Load("team.yaml", []byte(`{apiVersion: image-policy.k8s.io/v1, kind: ImagePolicy, metadata: {name: team}, match: {repositories: [r.example/**]}, rules: [
		{name: ours, pattern: "^r\\.example/", action: allow}, {name: moving, pattern: ":(latest|edge)$", action: deny, message: moving tags}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, policies...)
	r.decided(t, "r.example/app:1", digestOf("a"), "team", gate.Pass)
	r.decided(t, "r.example/app:edge", digestOf("a"), "team", gate.Pass)
	r.decided(t, "other.example/app:1", digestOf("a"), "team", gate.Pass)
	r.labels["default"] = map[string]string{admission.LabelPolicy: "team"}
	for image, want := range map[string]bool{"r.example/app@" + digestOf("a"): true, "r.example/app:1": true, "r.example/app:edge": false, "other.example/app@" + digestOf("a"): false} {
		if a, _ := r.review(t, request{mutate: true, object: pod(image)}); a.Allowed != want {
			t.Errorf("%s is allowed: %t, %s", image, a.Allowed, message(a))
		}
	}
	r.AllowedRegistries = []string{"docker.io/library", "r.example/app"}
	for image, want := range map[string]bool{"r.example/app@" + digestOf("a"): true, "r.example/application@" + digestOf("a"): false} {
		if a, _ := r.review(t, request{object: pod(image)}); a.Allowed != want || (!want && !strings.Contains(message(a), "none of the allowed registries")) {
			t.Errorf("%s is allowed: %t, %s", image, a.Allowed, message(a))
		}
	}
}

func TestAVerdictThatChangesChangesTheAnswer(t *testing.T) {
	r := decidedRig(t)
	allowed := func() bool { a, _ := r.review(t, request{object: pod(good)}); return a.Allowed }
	r.at(noon.Add(time.Hour))
	r.decided(t, good, digestOf("a"), "", gate.Errored)
	if !allowed() {
		t.Error("a registry that was away took an approval back")
	}
	r.decided(t, good, digestOf("a"), "", gate.Fail)
	if allowed() {
		t.Error("a later failure does not withdraw the approval")
	}
	r.decided(t, good, digestOf("a"), "", gate.Pass)
	if !allowed() {
		t.Error("passing again does not count")
	}
	r.at(noon.Add(50 * time.Hour))
	if a, _ := r.review(t, request{object: pod(good)}); a.Allowed || !strings.Contains(message(a), "expired at 2026-06-03T13:00:00Z") {
		t.Errorf("expired: %s", message(a))
	}
}

func TestGraceAdmitsWithAWarningUntilItEnds(t *testing.T) {
	r := decidedRig(t)
	until := noon.Add(24 * time.Hour)
	r.decided(t, good, digestOf("a"), "", gate.Fail, func(rec *gate.Recording) { rec.Verdict.GraceUntil = until })
	a, outcome := r.review(t, request{object: pod(good)})
	if outcome != admission.Warned || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "admitted until 2026-06-02T12:00:00Z") {
		t.Errorf("in its grace: %s %q", outcome, a.Warnings)
	}
	r.at(until)
	if a, outcome := r.review(t, request{object: pod(good)}); outcome != admission.Denied || !strings.Contains(message(a), "its grace ended") {
		t.Errorf("after it: %s %s", outcome, message(a))
	}
}

func TestBrokenGlassIsRecordedOnceAndNeverInADryRun(t *testing.T) {
	r := decidedRig(t)
	r.labels["ops"] = map[string]string{admission.LabelBreakGlass: "allowed"}
	q := request{object: podWith(`"break-glass.image-policy.k8s.io/reason":" payments are down, INC-7 "`, bad), namespace: "ops", user: "jane"}
	for _, q := range []request{{object: q.object, namespace: "ops", user: "jane", mutate: true}, {object: q.object, namespace: "ops", user: "jane", dryRun: true}, q} {
		a, outcome := r.review(t, q)
		if !a.Allowed || outcome != admission.BrokenGlass || len(a.Warnings) != 1 {
			t.Fatalf("%+v: %s %s", q, outcome, message(a))
		}
	}
	list, err := r.store.BrokenGlass(t.Context(), 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	b := list[0]
	if b.Reason != "payments are down, INC-7" || b.User != "jane" || b.Namespace != "ops" || b.Name != "p" || !strings.Contains(b.Refused, "USER-01") || !b.At.Equal(noon) {
		t.Errorf("%+v", b)
	}
	q.object = podWith(`"break-glass.image-policy.k8s.io/reason":"  "`, bad)
	if a, _ := r.review(t, q); a.Allowed {
		t.Error("glass breaks without a reason")
	}
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Review(t.Context(), request{object: pod(good)}.body(t), false); gate.CodeOf(err) != gate.CodeUnavailable {
		t.Errorf("a store that is gone: %v", err)
	}
}
