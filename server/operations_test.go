package server

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

func (m *memory) Verify(_ context.Context, image, _ string) (gate.Verification, error) {
	if image == "away" {
		return gate.Verification{}, gate.NewError(gate.CodeUnavailable, "the registry does not answer", nil)
	}
	return gate.Verification{Image: image, Digest: digest, Signature: gate.Finding{Reason: "there is none"}, Verdict: gate.Finding{OK: true, ID: "0190-2"}}, nil
}

func (m *memory) CheckManifests(_ context.Context, text []byte) (gate.WorkloadReport, error) {
	if strings.HasPrefix(string(text), "{{") {
		return gate.WorkloadReport{}, gate.NewError(gate.CodeInvalid, "line 1: this is a template", nil)
	}
	return gate.WorkloadReport{
		Images: []gate.WorkloadImage{{Kind: "Pod", Name: "app", Container: "app", Image: "app", Reason: "never decided"}},
		Findings: []gate.WorkloadFinding{{Check: "W-04", Severity: gate.SeverityHigh, Message: "writable root", Line: 3,
			Patch: []gate.PatchOperation{{Op: "add", Path: "/spec", Value: true}}}},
	}, nil
}

// rescans knows one that runs.
type rescans struct{}

func (rescans) Start(_ context.Context, pattern string) (gate.Rescan, error) {
	if pattern == "busy/**" {
		return gate.Rescan{}, gate.NewError(gate.CodeConflict, "the rescan r1 is not done: wait for it, one runs at a time", nil)
	}
	return gate.Rescan{ID: "r1", Pattern: pattern, State: gate.Queued, Total: 2, NewlyFailing: []gate.RescanResult{}, Undecided: []gate.RescanResult{}}, nil
}

func (rescans) Get(_ context.Context, id string, _ time.Duration) (gate.Rescan, error) {
	if id != "r1" {
		return gate.Rescan{}, gate.NewError(gate.CodeNotFound, "there is no rescan "+id, nil)
	}
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	return gate.Rescan{ID: id, State: gate.Done, DoneAt: at, Total: 2, Done: 2, Passed: 1, Failed: 1, Undecided: []gate.RescanResult{},
		NewlyFailing: []gate.RescanResult{{Image: "r/app@" + digest, Policy: "default", Decision: gate.Fail, Verdict: "v", Reason: "CVE-1", GraceUntil: at}}}, nil
}

func TestOperationsAnswerAsTheContractSays(t *testing.T) {
	s, _ := newServer(t, Options{})
	for name, test := range map[string]struct {
		method, target, body string
		status               int
		field, says          string
	}{
		"a verification":               {"POST", "/v1/verifications", `{"image":"r/app:1"}`, 200, "digest", "sha256:"},
		"a registry that is away":      {"POST", "/v1/verifications", `{"image":"away"}`, 503, "code", "unavailable"},
		"a verification of nothing":    {"POST", "/v1/verifications", `{}`, 400, "code", "invalid"},
		"a rescan":                     {"POST", "/v1/rescans", `{"pattern":"r/**"}`, 202, "state", "queued"},
		"a rescan of everything":       {"POST", "/v1/rescans", `{}`, 202, "id", "r1"},
		"a second rescan":              {"POST", "/v1/rescans", `{"pattern":"busy/**"}`, 409, "detail", "r1"},
		"a rescan with unknown fields": {"POST", "/v1/rescans", `{"all":true}`, 400, "code", "invalid"},
		"how far it is":                {"GET", "/v1/rescans/r1?wait=1", "", 200, "state", "done"},
		"a rescan nobody began":        {"GET", "/v1/rescans/r2", "", 404, "detail", "r2"},
		"manifests":                    {"POST", "/v1/workloads:check", `{"manifests":"kind: Pod"}`, 200, "", ""},
		"manifests that are templates": {"POST", "/v1/workloads:check", `{"manifests":"{{ .Values }}"}`, 400, "detail", "template"},
		"another verb on workloads":    {"POST", "/v1/workloads:delete", `{"manifests":"kind: Pod"}`, 404, "code", "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			w, got := call(t, s, test.method, test.target, test.body)
			if w.Code != test.status {
				t.Fatalf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
			if value, _ := got[test.field].(string); test.field != "" && !strings.Contains(value, test.says) {
				t.Errorf("%s is %q, want something with %q", test.field, value, test.says)
			}
		})
	}
}

func TestManifestsMayBeLongAndNothingElseMay(t *testing.T) {
	s, _ := newServer(t, Options{})
	long := strings.Repeat("x", 2<<20)
	if w, _ := call(t, s, http.MethodPost, "/v1/workloads:check", `{"manifests":"`+long+`"}`); w.Code != 200 {
		t.Errorf("2 MiB of manifests: %d %.200s", w.Code, w.Body)
	}
	if w, _ := call(t, s, http.MethodPost, "/v1/workloads:check", `{"manifests":"`+strings.Repeat(long, 3)+`"}`); w.Code != 413 {
		t.Errorf("6 MiB of manifests: %d", w.Code)
	}
	if w, _ := call(t, s, http.MethodPost, "/v1/verifications", `{"image":"`+long+`"}`); w.Code != 413 {
		t.Errorf("2 MiB of image: %d", w.Code)
	}
}

func TestMetricsCountRoutesAndNeverPaths(t *testing.T) {
	s, _ := newServer(t, Options{Token: "correct-horse"})
	call(t, s, http.MethodGet, "/v1/rescans/secret-name", "", "Authorization", "Bearer correct-horse")
	w, _ := call(t, s, http.MethodGet, "/metrics", "")
	text := w.Body.String()
	if w.Code != 200 || !strings.Contains(text, `imagegate_http_request_duration_seconds_count{method="GET",route="/v1/rescans/:id",status="404"} 1`) {
		t.Errorf("%d %s", w.Code, text)
	}
	if strings.Contains(text, "secret-name") {
		t.Error("a name that came with a request is a label")
	}
}
