package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

const token = "correct-horse"

func init() { // the registry of decoders is not for concurrent use
	for _, text := range []string{"text/html", "text/markdown", "application/xml"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.FileBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("application/sarif+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/spdx+json", openapi3filter.JSONBodyDecoder)
}

// standIn speaks the gate's contract. What it does about an image is in the
// image's name. Requests and answers are held against server/openapi.yaml, so
// that it cannot drift from what the gate says.
type standIn struct {
	t      *testing.T
	url    string
	router routers.Router

	mu     sync.Mutex
	calls  map[string]int                      // what was asked how often
	keys   map[string]string                   // Idempotency-Key of each image
	under  map[string]client.EvaluationRequest // what was asked under each key
	asked  map[string]client.EvaluationRequest // and under each id
	done   map[string]bool                     // keys whose verdict was read
	latest *gate.Verdict
	tokens map[string]bool // those that are good beside token
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromFile("../../server/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(contract)
	if err != nil {
		t.Fatal(err)
	}
	g := &standIn{t: t, router: router, calls: map[string]int{}, keys: map[string]string{}, under: map[string]client.EvaluationRequest{}, asked: map[string]client.EvaluationRequest{}, done: map[string]bool{}, tokens: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/evaluations", g.createEvaluation)
	mux.HandleFunc("GET /v1/evaluations/{id}", g.getEvaluation)
	mux.HandleFunc("DELETE /v1/evaluations/{id}", g.cancelEvaluation)
	mux.HandleFunc("GET /v1/images/{digest}", g.getImage)
	mux.HandleFunc("GET /v1/images/{digest}/report", g.getReport)
	mux.HandleFunc("GET /v1/images/{digest}/sbom", g.getSBOM)
	mux.HandleFunc("POST /v1/signatures", g.createSignature)
	mux.HandleFunc("POST /v1/verifications", g.createVerification)
	mux.HandleFunc("POST /v1/rescans", g.createRescan)
	mux.HandleFunc("GET /v1/rescans/{id}", g.getRescan)
	mux.HandleFunc("POST /v1/workloads:check", g.checkWorkloads)
	server := httptest.NewServer(g.held(mux))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// count says how often something was asked, this time included.
func (g *standIn) count(what string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[what]++
	return g.calls[what]
}

func (g *standIn) counted(what string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[what]
}

// held checks the token, the request and the answer.
func (g *standIn) held(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/deliver/") {
			g.deliver(w, r)
			return
		}
		if r.URL.Path == "/github/token" {
			g.githubToken(w, r)
			return
		}
		if r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") == "" {
			g.t.Errorf("%s %s has no Idempotency-Key, and may be sent again", r.Method, r.URL)
		}
		if bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); bearer != token && !g.good(bearer) {
			detail := "the token is missing or wrong"
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "team/echo") {
				detail = "who is " + bearer
			}
			problem(w, 401, "unauthorized", detail, false)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := g.router.FindRoute(r)
		if err != nil {
			g.t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		input := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
		}
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			problem(w, 400, "invalid", err.Error(), false)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if g.misbehave(w, r, body) {
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
			Options: input.Options,
		})
		if err != nil {
			g.t.Errorf("the stand-in's answer to %s %s breaks the contract: %v", r.Method, r.URL, err)
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// misbehave answers as broken networks and other servers do.
func (g *standIn) misbehave(w http.ResponseWriter, r *http.Request, body []byte) bool {
	asked := r.URL.Path + string(body)
	switch {
	case strings.Contains(asked, "team/html"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<html>please log in</html>")
	case strings.Contains(asked, "team/proxy"):
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
	case strings.Contains(asked, "team/empty"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	case strings.Contains(asked, "team/huge"):
		w.Header().Set("Content-Type", "application/json")
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				break
			}
			g.count("huge MiB")
		}
	case strings.Contains(asked, "cut-0001") && g.count("cut") == 1:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "5000")
		fmt.Fprint(w, `{"apiVersion": "imagegate.dev/v1", "kind": "Ver`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

func problem(w http.ResponseWriter, status int, code, detail string, retryable bool) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail, "instance": "req-1", "code": code, "retryable": retryable,
	})
}

func respond(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

func decoded(r *http.Request, into any) { _ = json.NewDecoder(r.Body).Decode(into) }

// hold waits as long as the caller asks the gate to.
func hold(r *http.Request) {
	seconds := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("wait"), &seconds)
	select {
	case <-r.Context().Done():
	case <-time.After(time.Duration(seconds) * time.Second):
	}
}

// kind is the last component of an image's repository: what to do about it.
func kind(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

// deliver takes what summary sends.
func (g *standIn) deliver(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/refused") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/deliver/")
	head := fmt.Sprintf("%s\n%s\n", r.Header.Get("Content-Type"), r.Header.Get("Authorization"))
	_ = os.WriteFile(r.URL.Query().Get("to")+"/"+name, append([]byte(head), body...), 0o600)
}
