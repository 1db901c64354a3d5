package admission_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/store"
	"github.com/imagegate/imagegate/internal/workload/admission"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func digestOf(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// rig is a reviewer over real policies and a real database. There is no
// registry at all: admission must not need one.
type rig struct {
	*admission.Reviewer
	store  *store.Store
	gate   *gate.Service
	mu     sync.Mutex
	now    time.Time
	labels map[string]map[string]string
	n      int
}

// Labels implements admission.Namespaces.
func (r *rig) Labels(_ context.Context, namespace string) (map[string]string, error) {
	labels, ok := r.labels[namespace]
	if !ok {
		return nil, gate.NewError(gate.CodeUnavailable, "the namespace is not known yet: try again", nil)
	}
	return labels, nil
}

func (r *rig) at(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = t
}

func newRig(t testing.TB, policies ...*policy.Policy) *rig {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "imagegate.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r := &rig{store: s, now: noon, labels: map[string]map[string]string{"default": nil}}
	now := func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.now
	}
	r.gate = &gate.Service{Policies: policy.NewSet("", append(policies, policy.Shipped()...)...), Store: s, Now: now}
	r.Reviewer = &admission.Reviewer{Gate: r.gate, Namespaces: r, Journal: s, Now: now}
	return r
}

// decided stores a verdict on an image, as an evaluation does.
func (r *rig) decided(t testing.TB, image, digest, policyName string, d gate.Decision, change ...func(*gate.Recording)) {
	t.Helper()
	ref, err := gate.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.gate.Policies.Select(policyName, ref)
	if err != nil {
		t.Fatal(err)
	}
	r.n++
	v := gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: fmt.Sprintf("verdict-%04d", r.n), Image: image, Digest: digest, Decision: d, Policy: p.Ref(),
		DecidedAt: r.Now(), ExpiresAt: r.Now().Add(48 * time.Hour),
	}
	if d == gate.Fail {
		v.Violations = []gate.Violation{{Rule: "non-root", Check: "USER-01", Severity: gate.SeverityHigh, Platform: "linux/amd64", Message: "no USER is set, so the process runs as root"}}
	}
	recording := gate.Recording{Verdict: v, Evidence: &gate.Evidence{Reference: ref, Digest: digest}}
	for _, f := range change {
		f(&recording)
	}
	recording.Standing = gate.StandingOf(recording.Verdict, recording.Evidence)
	if _, err := r.store.Record(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
}

// request is an AdmissionReview about an object written as YAML's flow style,
// which JSON is part of.
type request struct {
	object, old  string
	operation    admissionv1.Operation
	subresource  string
	namespace    string
	user         string
	groups       []string
	dryRun       bool
	group        string
	reviewAPI    string
	mutate       bool
	withoutBytes bool
}

func (q request) body(t testing.TB) []byte {
	t.Helper()
	var object struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(q.object), &object); err != nil {
		t.Fatalf("%v: %s", err, q.object)
	}
	review := admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{
		UID: "u-1", Name: object.Metadata.Name, Namespace: q.namespace, Operation: q.operation, SubResource: q.subresource, DryRun: &q.dryRun,
	}}
	review.Kind, review.APIVersion = "AdmissionReview", q.reviewAPI
	if review.APIVersion == "" {
		review.APIVersion = "admission.k8s.io/v1"
	}
	r := review.Request
	r.Kind.Group, r.Kind.Version, r.Kind.Kind = q.group, "v1", object.Kind
	if r.Operation == "" {
		r.Operation = admissionv1.Create
	}
	if r.Namespace == "" {
		r.Namespace = "default"
	}
	r.UserInfo.Username, r.UserInfo.Groups = q.user, q.groups
	if !q.withoutBytes {
		r.Object.Raw = []byte(q.object)
	}
	if q.old != "" {
		r.OldObject.Raw = []byte(q.old)
	}
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// review asks and reads the answer.
func (r *rig) review(t testing.TB, q request) (*admissionv1.AdmissionResponse, admission.Outcome) {
	t.Helper()
	out, outcome, err := r.Review(t.Context(), q.body(t), q.mutate)
	if err != nil {
		t.Fatal(err)
	}
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Kind != "AdmissionReview" || answer.Response == nil || answer.Response.UID != "u-1" {
		t.Fatalf("the answer is %s", out)
	}
	return answer.Response, outcome
}

// pod is a pod of containers.
func pod(images ...string) string { return podWith("", images...) }

func podWith(annotations string, images ...string) string {
	var containers []string
	for i, image := range images {
		containers = append(containers, fmt.Sprintf(`{"name":"c%d","image":%q}`, i, image))
	}
	return fmt.Sprintf(`{"kind":"Pod","metadata":{"name":"p","annotations":{%s}},"spec":{"containers":[%s]}}`, annotations, strings.Join(containers, ","))
}

func message(a *admissionv1.AdmissionResponse) string {
	if a.Result == nil {
		return ""
	}
	return a.Result.Message
}
