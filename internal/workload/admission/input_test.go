package admission_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/api/imagepolicy/v1alpha1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/admission"
)

func TestReviewsThatAreNoneAreErrorsTheClustersFailurePolicyDecides(t *testing.T) {
	r := decidedRig(t)
	many := strings.TrimSuffix(strings.Repeat(`{"name":"c","image":"r.example/x"},`, 501), ",")
	for name, body := range map[string]string{
		"nothing":                     "",
		"no JSON":                     "<html>",
		"an array":                    "[]",
		"a review of another kind":    `{"apiVersion":"admission.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u"}}`,
		"a version of tomorrow":       `{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{"uid":"u"}}`,
		"no request":                  `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`,
		"no uid":                      `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"operation":"CREATE"}}`,
		"no object":                   string(request{object: pod(good), withoutBytes: true}.body(t)),
		"an object that is a string":  `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","object":"pod"}}`,
		"five hundred and one images": string(request{object: `{"kind":"Pod","spec":{"containers":[` + many + `]}}`}.body(t)),
		"depth without end":           `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","object":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}}`,
	} {
		out, _, err := r.Review(t.Context(), []byte(body), false)
		var known *gate.Error
		if !errors.As(err, &known) || out != nil || (known.Code != gate.CodeInvalid && known.Code != gate.CodeLimit) {
			t.Errorf("%s: %.100s %v", name, out, err)
		}
	}
	// What a newer API server adds is no reason to refuse.
	body := strings.Replace(string(request{object: pod(good)}.body(t)), `"uid"`, `"newField":{"a":1},"uid"`, 1)
	if _, outcome, err := r.Review(t.Context(), []byte(body), false); err != nil || outcome != admission.Allowed {
		t.Errorf("a field of tomorrow: %s %v", outcome, err)
	}
}

// The reviews in testdata are as an API server's plugin sends them.
func TestRecordedImageReviews(t *testing.T) {
	r := decidedRig(t)
	r.labels["ops"] = map[string]string{admission.LabelBreakGlass: "allowed"}
	for file, want := range map[string]struct {
		allowed bool
		says    string
	}{
		"allowed.json":      {true, ""},
		"denied.json":       {false, "USER-01"},
		"tag.json":          {false, "names a tag"},
		"break-glass.json":  {true, "the glass was broken"},
		"forged-break.json": {false, "USER-01"},
	} {
		body, err := os.ReadFile(filepath.Join("testdata", "imagereview", file))
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := r.ReviewImages(t.Context(), body)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var answer v1alpha1.ImageReview
		if err := json.Unmarshal(out, &answer); err != nil || answer.Kind != "ImageReview" {
			t.Fatalf("%s: %v %s", file, err, out)
		}
		if answer.Status.Allowed != want.allowed || !strings.Contains(answer.Status.Reason, want.says) {
			t.Errorf("%s: %+v", file, answer.Status)
		}
	}
	for _, body := range []string{"", "{}", `{"apiVersion":"imagepolicy.k8s.io/v1alpha1","kind":"ImageReview","spec":{}}`, `{"apiVersion":"imagepolicy.k8s.io/v1","kind":"ImageReview","spec":{"containers":[{"image":"x"}]}}`} {
		if _, _, err := r.ReviewImages(t.Context(), []byte(body)); gate.CodeOf(err) != gate.CodeInvalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// evaluator decides as the test says, after a while or never.
type evaluator struct {
	mu      sync.Mutex
	rig     *rig
	t       *testing.T
	keys    map[string]int
	verdict gate.Decision
	never   bool
}

func (e *evaluator) Submit(_ context.Context, req gate.Request, key string) (gate.Evaluation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys[key]++
	return gate.Evaluation{ID: "e-" + req.Image, Request: req, State: gate.Queued}, nil
}

func (e *evaluator) Get(_ context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.never || wait <= 0 {
		return gate.Evaluation{ID: id, State: gate.Running}, nil
	}
	image := strings.TrimPrefix(id, "e-")
	e.rig.decided(e.t, image, digestOf("c"), "", e.verdict)
	return gate.Evaluation{ID: id, State: gate.Done, Verdict: &gate.Verdict{Decision: e.verdict, Error: map[gate.Decision]*gate.Failure{gate.Errored: {Message: "the registry is away"}}[e.verdict]}}, nil
}

func TestAnUnknownImageIsEvaluatedOnDemand(t *testing.T) {
	for name, test := range map[string]struct {
		verdict gate.Decision
		never   bool
		outcome admission.Outcome
		says    string
	}{
		"it passes":                 {gate.Pass, false, admission.Allowed, ""},
		"it fails":                  {gate.Fail, false, admission.Denied, "USER-01"},
		"it cannot be decided":      {gate.Errored, false, admission.Denied, "the registry is away"},
		"it takes longer than that": {gate.Pass, true, admission.Denied, "try again in a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			r := decidedRig(t)
			e := &evaluator{rig: r, t: t, keys: map[string]int{}, verdict: test.verdict, never: test.never}
			r.Evaluations, r.Patience = e, 3*time.Second
			a, outcome := r.review(t, request{object: pod(good, unknown, unknown)})
			if outcome != test.outcome || !strings.Contains(message(a), test.says) {
				t.Errorf("%s %s", outcome, message(a))
			}
			if len(e.keys) != 1 {
				t.Errorf("%d evaluations for one image", len(e.keys))
			}
		})
	}
}

func TestAHundredPodsOfAnUnknownImageShareAnEvaluation(t *testing.T) {
	r := decidedRig(t)
	e := &evaluator{rig: r, t: t, keys: map[string]int{}, never: true}
	r.Evaluations, r.Patience = e, time.Second
	for range 100 {
		r.review(t, request{object: pod(unknown)})
	}
	if len(e.keys) != 1 {
		t.Errorf("%d idempotency keys: %v", len(e.keys), e.keys)
	}
}

func FuzzReview(f *testing.F) {
	r := decidedRig(f)
	f.Add(request{object: pod(good)}.body(f))
	f.Add(request{object: pod(bad), old: pod(good), operation: "UPDATE"}.body(f))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","object":{"spec":{"containers":[{"name":null}]}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		out, outcome, err := r.Review(t.Context(), body, true)
		if err == nil && (len(out) == 0 || outcome == "") {
			t.Errorf("no answer and no error for %q", body)
		}
		if err == nil && outcome == admission.Allowed && !strings.Contains(string(body), "good") {
			t.Errorf("allowed without a decided image: %q", body)
		}
	})
}

func BenchmarkReview(b *testing.B) {
	r := newRig(b)
	for i := range 1000 {
		r.decided(b, "r.example/app@"+fmt.Sprintf("sha256:%064x", i), fmt.Sprintf("sha256:%064x", i), "", gate.Pass)
	}
	body := request{object: pod("r.example/app@" + fmt.Sprintf("sha256:%064x", 7))}.body(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, outcome, err := r.Review(b.Context(), body, false); err != nil || outcome != admission.Allowed {
			b.Fatal(outcome, err)
		}
	}
}
