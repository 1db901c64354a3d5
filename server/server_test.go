package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

var digest = "sha256:" + strings.Repeat("a", 64)

// memory is a gate that has decided beforehand.
type memory struct {
	mu        sync.Mutex
	submitted []gate.Request
	keys      []string
	answers   map[string]gate.Evaluation // by image for Submit, by id for Get
	err       error
	waited    time.Duration
}

func (m *memory) Submit(_ context.Context, req gate.Request, key string) (gate.Evaluation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.submitted, m.keys = append(m.submitted, req), append(m.keys, key)
	if m.err != nil {
		return gate.Evaluation{}, m.err
	}
	if e, ok := m.answers[req.Image]; ok {
		return e, nil
	}
	return gate.Evaluation{ID: "0190-1", Request: req, State: gate.Queued, CreatedAt: time.Unix(1, 0).UTC()}, nil
}

func (m *memory) Get(_ context.Context, id string, wait time.Duration) (gate.Evaluation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waited = wait
	if e, ok := m.answers[id]; ok {
		return e, nil
	}
	return gate.Evaluation{}, gate.NewError(gate.CodeNotFound, "there is no evaluation "+id, nil)
}

func (m *memory) Latest(_ context.Context, d, _ string) (*gate.Verdict, error) {
	if d != digest {
		return nil, nil
	}
	return done().Verdict, nil
}

func (m *memory) History(context.Context, string, int) ([]gate.Verdict, error) {
	return []gate.Verdict{*done().Verdict}, nil
}

func (m *memory) SignDigest(_ context.Context, repository, d, _ string) (gate.Verdict, error) {
	if d != digest {
		return gate.Verdict{}, gate.NewError(gate.CodeConflict, repository+"@"+d+" is not signed: the verdict is fail", nil)
	}
	v := *done().Verdict
	v.Signature = gate.SignatureState{State: gate.Signed, Reference: "ref"}
	return v, nil
}

// done is an evaluation whose verdict has every field.
func done() gate.Evaluation {
	uid, n, size := 65532, 3, int64(1000)
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	finding := gate.Violation{
		Rule: "vulnerabilities", Check: "VULN-CVSS", Severity: gate.SeverityHigh, Platform: "linux/amd64", Message: "CVE <b>", Fix: "update", Outcome: "unknown",
		Layer: &gate.LayerRef{Index: 1, DiffID: digest, CreatedBy: "RUN x"}, Path: "/x", Package: &gate.PackageRef{Name: "p", Type: "deb", Installed: "1", Fixed: "2", PURL: "pkg:deb/p"},
		Vulnerability: &gate.VulnerabilityRef{ID: "CVE-1", Severity: gate.SeverityHigh, Score: 8.1, Vector: "v", Source: "nvd"},
		Waiver:        &gate.WaiverRef{Reason: "r", Owner: "o", Expires: at},
	}
	return gate.Evaluation{ID: "0190-2", State: gate.Done, Verdict: &gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: "0190-2", Image: "done", Digest: digest, Decision: gate.Fail,
		Platforms: []gate.PlatformVerdict{{Platform: "linux/amd64", Digest: digest, User: &gate.User{Configured: "65532", UID: &uid, GID: &uid, Source: "numeric"},
			Base: &gate.BaseRef{Reference: "b", Digest: digest, Layers: 1, Proof: gate.ProofProven}, Class: gate.ClassStatic, OS: &gate.OSRef{Family: "debian", Name: "12"}, Layers: 2, CompressedBytes: &size, UncompressedBytes: &size, Packages: &n}},
		Violations: []gate.Violation{finding}, Warnings: []gate.Violation{finding}, Notes: []gate.Violation{}, Waived: []gate.Violation{finding},
		Policy: gate.PolicyRef{Name: "default", Digest: digest}, Database: &gate.Database{Version: 2, UpdatedAt: at, NextUpdate: at, Digest: digest},
		Evidence: digest, Signature: gate.SignatureState{State: gate.NotAsked}, Error: &gate.Failure{Code: gate.CodeUnavailable, Message: "m"}, DecidedAt: at, ExpiresAt: at,
	}}
}

func newServer(t testing.TB, o Options) (*Server, *memory) {
	t.Helper()
	m := &memory{answers: map[string]gate.Evaluation{
		"done": done(), "0190-2": done(),
		"0190-1": {ID: "0190-1", State: gate.Running, Request: gate.Request{Image: "app"}, Progress: gate.Progress{Step: gate.StepAnalyze, Layer: 1}, CreatedAt: time.Unix(1, 0).UTC(), StartedAt: time.Unix(2, 0).UTC()},
	}}
	o.Evaluations, o.Images, o.Signatures = m, m, m
	o.Verifications, o.Rescans, o.Workloads, o.Reports = m, rescans{}, m, m
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

// call sends a request and holds the answer against the contract.
func call(t testing.TB, s *Server, method, target, body string, header ...string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	conforms(t, s, method, target, w)
	var document map[string]any
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
			t.Fatalf("%s %s answers %q: %v", method, target, w.Body, err)
		}
	}
	return w, document
}

func conforms(t testing.TB, s *Server, method, target string, w *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	route, params, err := s.contract.router.FindRoute(r)
	switch {
	case target == "/openapi.yaml":
		return // the contract itself
	case err != nil: // not a path of the contract, of which there is only something to say
		var problem any
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
			t.Errorf("%s %s: the answer is no problem: %v", method, target, err)
		} else if err := s.contract.document.Components.Schemas["Problem"].Value.VisitJSON(problem); err != nil {
			t.Errorf("%s %s: the problem is not what the contract says: %v", method, target, err)
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}); err != nil {
		t.Errorf("%s %s: the answer is not what the contract says: %v", method, target, err)
	}
}

func TestAnEvaluationIsAcceptedAndFound(t *testing.T) {
	s, m := newServer(t, Options{})
	w, d := call(t, s, "POST", "/v1/evaluations", `{"image": "app", "sign": true, "policy": "strict", "platforms": ["linux/amd64"]}`, "Idempotency-Key", "k")
	if w.Code != 202 || w.Header().Get("Location") != "/v1/evaluations/0190-1" || d["kind"] != "Evaluation" || d["state"] != "queued" {
		t.Errorf("%d %v %v", w.Code, w.Header(), d)
	}
	want := gate.Request{Image: "app", Sign: true, Policy: "strict", Platforms: []string{"linux/amd64"}, Caller: identity.NameAnonymous}
	if got := m.submitted[0]; fmt.Sprint(got) != fmt.Sprint(want) || m.keys[0] != "k" {
		t.Errorf("asked %+v under %q", got, m.keys[0])
	}
	if w, d := call(t, s, "GET", "/v1/evaluations/0190-1?wait=2", ""); w.Code != 200 || d["kind"] != "Evaluation" || d["progress"].(map[string]any)["step"] != "analyze" || m.waited != 2*time.Second {
		t.Errorf("%d %v after %s", w.Code, d, m.waited)
	}
}

func TestAFailIsAnAnswerWithStatus200(t *testing.T) {
	s, _ := newServer(t, Options{})
	for _, r := range [][3]string{{"POST", "/v1/evaluations", `{"image": "done"}`}, {"POST", "/v1/evaluations?wait=5", `{"image": "done"}`}, {"GET", "/v1/evaluations/0190-2", ""}} {
		w, d := call(t, s, r[0], r[1], r[2])
		if w.Code != 200 || d["kind"] != "Verdict" || d["decision"] != "fail" {
			t.Errorf("%v: %d %v", r, w.Code, d)
		}
		if !strings.Contains(w.Body.String(), "CVE <b>") {
			t.Error("characters of HTML are escaped, which the command line does not do")
		}
		var v gate.Verdict
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || v.Violations[0].Vulnerability.Score != 8.1 {
			t.Errorf("the document is not the domain's verdict: %v", err)
		}
	}
}

func TestBadRequestsAreToldWhatIsWrong(t *testing.T) {
	s, m := newServer(t, Options{})
	for _, test := range []struct {
		name, method, target, body string
		status                     int
		says                       string
	}{
		{"no image", "POST", "/v1/evaluations", `{}`, 400, "image"},
		{"unknown field", "POST", "/v1/evaluations", `{"image": "app", "imagee": 1}`, 400, "imagee"},
		{"wrong type", "POST", "/v1/evaluations", `{"image": 5}`, 400, "image"},
		{"not JSON", "POST", "/v1/evaluations", `image=app`, 400, "body"},
		{"two values", "POST", "/v1/evaluations", `{"image": "app"} {"image": "b"}`, 400, "body"},
		{"empty", "POST", "/v1/evaluations", ``, 400, "application/json"},
		{"too long", "POST", "/v1/evaluations", `{"image": "` + strings.Repeat("a", maxBody) + `"}`, 413, "longer than"},
		{"long reference", "POST", "/v1/evaluations", `{"image": "` + strings.Repeat("a", 1025) + `"}`, 400, "image"},
		{"not a reference", "POST", "/v1/evaluations", `{"image": "UPPER CASE"}`, 400, "is not an image reference"},
		{"a file of the server", "POST", "/v1/evaluations", `{"image": "docker-archive:/etc/passwd"}`, 400, "file of the gate's own machine"},
		{"an OCI layout of the server", "POST", "/v1/evaluations", `{"image": "oci:/var/lib"}`, 400, "file of the gate's own machine"},
		{"waiting too long", "POST", "/v1/evaluations?wait=61", `{"image": "app"}`, 400, "wait"},
		{"waiting for nothing", "GET", "/v1/evaluations/0190-1?wait=x", ``, 400, "wait"},
		{"unknown evaluation", "GET", "/v1/evaluations/none", ``, 404, "none"},
		{"an id that is none", "GET", "/v1/evaluations/a_b", ``, 400, "parameter id"},
		{"a way out of the path", "GET", "/v1/evaluations/..%2f", ``, 404, "/openapi.yaml"},
		{"a digest that is none", "GET", "/v1/images/latest", ``, 400, "digest"},
		{"a digest never seen", "GET", "/v1/images/sha256:" + strings.Repeat("b", 64), ``, 404, "never evaluated"},
		{"signing what did not pass", "POST", "/v1/signatures", `{"repository": "registry.example/app", "digest": "sha256:` + strings.Repeat("b", 64) + `"}`, 409, "the verdict is fail"},
		{"signing a tag", "POST", "/v1/signatures", `{"repository": "registry.example/app", "digest": "latest"}`, 400, "digest"},
		{"no such path", "GET", "/v2/", ``, 404, "/openapi.yaml"},
		{"no such path to post to", "POST", "/v2/", ``, 404, "/openapi.yaml"},
		{"an encoded path with a wrong query", "POST", "/v1/%65valuations?wait=99999999999", `{"image": "app"}`, 400, "wait"},
		{"an encoded path with a wrong body", "POST", "/v1/%65valuations", `{"image": "app", "imagee": 1}`, 400, "imagee"},
		{"posting where one reads", "POST", "/healthz", ``, 405, "POST"},
		{"no such method", "DELETE", "/v1/evaluations", ``, 405, "DELETE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(m.submitted)
			w, d := call(t, s, test.method, test.target, test.body)
			if w.Code != test.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%d %s: %v", w.Code, w.Header().Get("Content-Type"), d)
			}
			if detail, _ := d["detail"].(string); !strings.Contains(detail, test.says) || d["instance"] == "" {
				t.Errorf("it says %q, want %q", d["detail"], test.says)
			}
			if len(m.submitted) != before {
				t.Error("it was submitted all the same")
			}
		})
	}
}

func TestABodyOfAnotherTypeIsRefused(t *testing.T) {
	s, m := newServer(t, Options{})
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json-patch+json", ";"} {
		w, d := call(t, s, "POST", "/v1/evaluations", `{"image": "app"}`, "Content-Type", kind)
		if detail, _ := d["detail"].(string); w.Code != 400 || !strings.Contains(detail, "Content-Type") {
			t.Errorf("%s: %d %v", kind, w.Code, d)
		}
	}
	if len(m.submitted) > 0 {
		t.Errorf("%v was submitted all the same", m.submitted)
	}
	if w, _ := call(t, s, "POST", "/v1/evaluations", `{"image": "app"}`, "Content-Type", "application/json; charset=utf-8"); w.Code != 202 {
		t.Errorf("JSON with a charset: %d %s", w.Code, w.Body)
	}
}

func TestErrorsOfTheGateAreProblems(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		says   string
		hides  string
	}{
		{gate.NewError(gate.CodeUnavailable, "the database is away", errors.New("secret cause")), 503, "the database is away", "secret cause"},
		{gate.NewError(gate.CodeConflict, "another request", nil), 409, "another request", ""},
		{gate.NewError(gate.CodeInternal, "secret state", nil), 500, "its log says more", "secret state"},
		{errors.New("secret"), 500, "its log says more", "secret"},
		{context.DeadlineExceeded, 503, "in time", ""},
		{gate.NewError(gate.CodeUnauthorized, "the registry refuses to write the signature", nil), 502, "the registry refuses", ""},
	} {
		s, m := newServer(t, Options{})
		m.err = test.err
		w, d := call(t, s, "POST", "/v1/evaluations", `{"image": "app"}`)
		if w.Code != test.status || !strings.Contains(d["detail"].(string), test.says) {
			t.Errorf("%v: %d %v", test.err, w.Code, d)
		}
		if test.hides != "" && strings.Contains(w.Body.String(), test.hides) {
			t.Errorf("%v: the answer shows it: %s", test.err, w.Body)
		}
		if (w.Header().Get("Retry-After") != "") != (test.status == 503) {
			t.Errorf("%v: Retry-After %q", test.err, w.Header().Get("Retry-After"))
		}
		if w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%v: the caller is asked for another token", test.err)
		}
	}
}

func TestImagesAndSignatures(t *testing.T) {
	s, _ := newServer(t, Options{})
	if w, d := call(t, s, "GET", "/v1/images/"+digest, ""); w.Code != 200 || len(d["history"].([]any)) != 1 || d["latest"].(map[string]any)["kind"] != "Verdict" {
		t.Errorf("%d %v", w.Code, d)
	}
	if w, _ := call(t, s, "GET", "/v1/images/"+strings.Replace(digest, ":", "%3A", 1), ""); w.Code != 200 {
		t.Errorf("a digest with its colon encoded, as browsers do: %d %s", w.Code, w.Body)
	}
	if w, d := call(t, s, "POST", "/v1/signatures", `{"repository": "registry.example/app", "digest": "`+digest+`"}`); w.Code != 200 || d["signature"].(map[string]any)["state"] != "signed" {
		t.Errorf("%d %v", w.Code, d)
	}
}

func TestTheTokenIsAskedForUnderV1(t *testing.T) {
	var logged bytes.Buffer
	s, m := newServer(t, Options{Token: "correct", Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for header, status := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer ": 401, "Basic correct": 401, "Bearer correct": 202} {
		w, _ := call(t, s, "POST", "/v1/evaluations", `{"image": "app"}`, "Authorization", header)
		if w.Code != status {
			t.Errorf("%q: %d, want %d", header, w.Code, status)
		}
	}
	if len(m.submitted) != 1 {
		t.Errorf("%d requests were submitted", len(m.submitted))
	}
	for _, open := range []string{"/healthz", "/readyz", "/openapi.yaml"} {
		if w, _ := call(t, s, "GET", open, ""); w.Code != 200 {
			t.Errorf("%s: %d", open, w.Code)
		}
	}
	if strings.Contains(logged.String(), "correct") || strings.Contains(logged.String(), "wrong") {
		t.Errorf("tokens are logged: %s", logged.String())
	}
}

func TestAPanicIsAProblemAndNotTheEnd(t *testing.T) {
	s, _ := newServer(t, Options{Readiness: func(context.Context) []Component { panic("a defect") }})
	if w, _ := call(t, s, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	r := httptest.NewRecorder()
	s.ServeHTTP(r, httptest.NewRequest("GET", "/readyz", nil))
	if r.Code != 500 || strings.Contains(r.Body.String(), "a defect") {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestReadiness(t *testing.T) {
	ready := false
	s, _ := newServer(t, Options{Readiness: func(context.Context) []Component {
		return []Component{{Name: "vulnerability database", Ready: ready, Detail: "none yet"}}
	}})
	if w, d := call(t, s, "GET", "/readyz", ""); w.Code != 503 || d["ready"] != false {
		t.Errorf("%d %v", w.Code, d)
	}
	ready = true
	if w, _ := call(t, s, "GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func BenchmarkStoredVerdict(b *testing.B) {
	s, _ := newServer(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/evaluations", strings.NewReader(`{"image": "done"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
