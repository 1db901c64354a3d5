package main

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// decide makes the verdict of an image, which is the latest then.
func (g *standIn) decide(req client.EvaluationRequest) gate.Verdict {
	v := verdictOn(req.Image, req.Sign != nil && *req.Sign)
	if req.Policy != nil {
		v.Policy.Name = *req.Policy
	}
	v.DecidedAt = time.Now().UTC()
	v.ExpiresAt = v.DecidedAt.Add(24 * time.Hour)
	if kind(req.Image) == "over" {
		v.ExpiresAt = v.DecidedAt
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if kind(req.Image) != "overtaken" { // by another verdict of its digest
		g.latest = &v
	}
	return v
}

// accept answers a new request with 202, as the gate does, and one under a key
// it knows as it stands.
func (g *standIn) accept(w http.ResponseWriter, key string, req client.EvaluationRequest) (answered bool) {
	id := kind(req.Image) + "-0001"
	g.mu.Lock()
	before, known := g.under[key]
	if !known {
		g.under[key] = req
	}
	g.asked[id] = req
	done := g.done[key]
	g.mu.Unlock()
	switch {
	case known && !reflect.DeepEqual(before, req):
		problem(w, 409, "conflict", "the Idempotency-Key was used for another request (evaluation 0007): use a new one", false)
	case strings.HasPrefix(key, "gatectl-") && !done:
		if !known {
			g.count("NEW " + kind(req.Image))
		}
		g.accepted(w, id, req.Image)
	default:
		return false
	}
	return true
}

func (g *standIn) accepted(w http.ResponseWriter, id, image string) {
	w.Header().Set("Location", "/v1/evaluations/"+id)
	w.Header().Set("Retry-After", "1")
	respond(w, 202, map[string]any{"apiVersion": gate.APIVersion, "kind": gate.KindEvaluation, "id": id, "image": image, "state": "queued", "createdAt": noon})
}

func (g *standIn) createEvaluation(w http.ResponseWriter, r *http.Request) {
	var req client.EvaluationRequest
	decoded(r, &req)
	name := kind(req.Image)
	key := r.Header.Get("Idempotency-Key")
	g.count("POST any " + name)
	g.mu.Lock()
	before := g.keys[req.Image]
	g.keys[req.Image] = key
	g.mu.Unlock()
	switch name {
	case "away", "gone":
		if g.count("POST "+name) <= 2 || name == "gone" {
			w.Header().Set("Retry-After", "0")
			problem(w, 503, "unavailable", "the vulnerability database is being replaced", true)
			return
		}
		if key == "" || key != before {
			g.t.Errorf("the request was sent again under key %q after %q", key, before)
		}
	case "unknown-policy":
		problem(w, 404, "not_found", `there is no policy "x"`, false)
		return
	case "taken":
		problem(w, 409, "conflict", "the Idempotency-Key was used for another request (evaluation 0007): use a new one", false)
		return
	}
	if g.accept(w, key, req) {
		return
	}
	switch name {
	case "slow", "cut", "never", "later":
		g.accepted(w, name+"-0001", req.Image)
		return
	}
	respond(w, 200, g.decide(req))
}

func (g *standIn) getEvaluation(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	name := strings.TrimSuffix(id, "-0001")
	if name == "lost" {
		problem(w, 404, "not_found", "there is no evaluation "+id, false)
		return
	}
	n := g.count("GET " + name)
	g.mu.Lock()
	req, ok := g.asked[id]
	g.mu.Unlock()
	if !ok {
		req = client.EvaluationRequest{Image: "registry.example/team/" + name + ":1"}
	}
	steps := []gate.Progress{{Step: gate.StepResolve}, {Step: gate.StepAnalyze, Platform: "linux/amd64", Layer: 3, Layers: 7, Bytes: 18350080, Total: 61865984}}
	if name == "never" || (name == "later" && g.counted("let later end") == 0) || (name == "slow" && n <= len(steps)) {
		if name != "slow" {
			hold(r)
		}
		respond(w, 200, map[string]any{
			"apiVersion": gate.APIVersion, "kind": gate.KindEvaluation, "id": id, "image": req.Image, "state": "running", "createdAt": noon,
			"progress": steps[min(n, len(steps))-1],
		})
		return
	}
	g.mu.Lock()
	for key, under := range g.under {
		if reflect.DeepEqual(under, req) {
			g.done[key] = true
		}
	}
	g.mu.Unlock()
	respond(w, 200, g.decide(req))
}

func (g *standIn) cancelEvaluation(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	switch strings.TrimSuffix(id, "-0001") {
	case "never":
		v := verdictOn("registry.example/team/cancelled:1", false)
		v.ID = id
		respond(w, 200, v)
	case "lost":
		problem(w, 404, "not_found", "there is no evaluation "+id, false)
	default:
		problem(w, 409, "conflict", id+" is decided already", false)
	}
}

func (g *standIn) getImage(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("digest") != digest {
		problem(w, 404, "not_found", r.PathValue("digest")+" was never evaluated: ask with POST /v1/evaluations", false)
		return
	}
	past := map[string]any{"id": "0001", "decision": "fail", "policy": gate.PolicyRef{Name: "default", Digest: digest}, "signature": gate.SignatureState{State: gate.NotAsked}, "decidedAt": noon}
	respond(w, 200, map[string]any{"digest": digest, "latest": g.newest(), "history": []any{past, past}})
}

// newest is the latest verdict; before there was one, a pass.
func (g *standIn) newest() gate.Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.latest != nil {
		return *g.latest
	}
	return verdictOn("registry.example/team/pass:1", true)
}

func (g *standIn) getReport(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("digest") != digest {
		problem(w, 404, "not_found", r.PathValue("digest")+" was never evaluated: ask with POST /v1/evaluations", false)
		return
	}
	format := r.URL.Query().Get("format")
	g.count("REPORT " + format)
	var b bytes.Buffer
	if err := report.Write(&b, format, report.Document{Verdict: g.newest()}, report.Options{Version: "the gate's"}); err != nil {
		problem(w, 500, "internal", err.Error(), false)
		return
	}
	w.Header().Set("Content-Type", report.MediaType(format))
	_, _ = w.Write(b.Bytes())
}
