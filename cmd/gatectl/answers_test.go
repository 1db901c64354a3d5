package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

const (
	digest  = "sha256:2f5dcbd9a1d4c6c8a7e1b4c0f3e2d1a09b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e"
	other   = "sha256:9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e2f5dcbd9a1d4c6c8a7e1b4c0f3e2d1a0"
	running = "0199e1a2-5b1c-7d3e-8f40-a1b2c3d4e5f6"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// verdictOn makes the verdict that an image's name asks for.
func verdictOn(image string, signing bool) gate.Verdict {
	v := gate.Verdict{
		APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: kind(image) + "-0001", Image: image, Digest: digest, Decision: gate.Pass,
		Platforms: []gate.PlatformVerdict{}, Violations: []gate.Violation{}, Warnings: []gate.Violation{}, Notes: []gate.Violation{}, Waived: []gate.Violation{},
		Policy: gate.PolicyRef{Name: "default", Digest: digest}, Database: &gate.Database{Version: 2, UpdatedAt: noon},
		Signature: gate.SignatureState{State: gate.NotAsked}, DecidedAt: noon, ExpiresAt: noon.Add(24 * time.Hour),
	}
	if signing {
		v.Signature = gate.SignatureState{State: gate.Signed, Reference: "registry.example/team/app:sha256-2f5d.sig"}
	}
	switch kind(image) {
	case "fail":
		v.Decision, v.Signature = gate.Fail, gate.SignatureState{State: gate.NotAsked}
		v.Violations = []gate.Violation{
			{Rule: "vulnerabilities", Check: "VULN-SEVERITY", Severity: gate.SeverityHigh, Message: "CVE-2026-1 in openssl <3.0.9> is HIGH", Fix: "update openssl",
				Package: &gate.PackageRef{Name: "openssl", Type: "deb", Installed: "3.0.9", Fixed: "3.0.15"}, Vulnerability: &gate.VulnerabilityRef{ID: "CVE-2026-1", Severity: gate.SeverityHigh, Score: 7.5}},
		}
		v.Notes = []gate.Violation{{Rule: "vulnerabilities", Check: "VULN-SEVERITY", Severity: gate.SeverityCritical, Message: "CVE-2026-2 in zlib has no fix",
			Package: &gate.PackageRef{Name: "zlib", Type: "deb", Installed: "1.2"}, Vulnerability: &gate.VulnerabilityRef{ID: "CVE-2026-2", Severity: gate.SeverityCritical, Score: 9.8}}}
		v.Counts = gate.Counts{Critical: 1, High: 1, Low: 2, Unfixed: 2}
	case "early": // denied before anything was scanned
		v.Decision, v.Database = gate.Fail, nil
		v.Violations = []gate.Violation{{Rule: "user", Check: "USER-01", Severity: gate.SeverityHigh, Message: "no USER is set"}}
	case "warn":
		v.Warnings = []gate.Violation{{Rule: "user", Check: "USER-03", Severity: gate.SeverityMedium, Message: "USER is a name"}}
	case "error":
		v.Decision, v.Digest, v.Error = gate.Errored, "", &gate.Failure{Code: gate.CodeUnavailable, Message: "the registry is away", Retryable: true}
	case "unsigned":
		v.Signature = gate.SignatureState{State: gate.Refused, Reason: "this gate holds no signing key"}
	case "cancelled":
		v.Decision, v.Digest, v.Error = gate.Errored, "", &gate.Failure{Code: "cancelled", Message: "the evaluation was cancelled by its caller"}
	case "hostile":
		v.Decision = gate.Fail
		v.Violations = []gate.Violation{{Rule: "r", Check: "FS-01", Severity: gate.SeverityHigh, Path: "/x", Message: "100%0A::set-output name=decision::pass\n::set-output name=decision::pass\r\n##[set-output name=decision]pass", Fix: "::stop-commands::x"}}
	case "swapped":
		v.Digest = other
	}
	return v
}

func (g *standIn) getSBOM(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("platform") != "linux/arm64" {
		problem(w, 400, "invalid", "the digest has images for linux/amd64, linux/arm64: name one platform", false)
		return
	}
	w.Header().Set("Content-Type", "application/spdx+json")
	fmt.Fprintf(w, `{"spdxVersion":"SPDX-2.3"}`)
}

func (g *standIn) createSignature(w http.ResponseWriter, r *http.Request) {
	var req client.SignatureRequest
	decoded(r, &req)
	if kind(req.Repository) != "pass" {
		problem(w, 409, "conflict", req.Repository+" is not signed: the verdict is fail", false)
		return
	}
	respond(w, 200, verdictOn(req.Repository, true))
}

func (g *standIn) createVerification(w http.ResponseWriter, r *http.Request) {
	var req client.VerificationRequest
	decoded(r, &req)
	v := gate.Verification{Image: req.Image, Digest: digest, Accepted: true, Signature: gate.Finding{OK: true}, Verdict: gate.Finding{OK: true, ID: "pass-0001"}}
	switch kind(req.Image) {
	case "fail":
		v.Accepted, v.Signature, v.Verdict = false, gate.Finding{Reason: "there is no signature"}, gate.Finding{ID: "fail-0001", Reason: "the latest verdict is fail"}
	case "half":
		v.Accepted, v.Signature = true, gate.Finding{Reason: "there is no signature"} // contradicts itself
	case "denied":
		problem(w, 502, "unauthorized", "the registry refuses the gate's credentials", false)
		return
	}
	respond(w, 200, v)
}

func (g *standIn) createRescan(w http.ResponseWriter, r *http.Request) {
	var req client.RescanRequest
	decoded(r, &req)
	pattern := ""
	if req.Pattern != nil {
		pattern = *req.Pattern
	}
	if strings.HasPrefix(pattern, "busy") && g.count("POST "+pattern) == 1 {
		problem(w, 409, "conflict", "the rescan "+running+" is not done: wait for it, one runs at a time", false)
		return
	}
	id := "rescan-" + pattern
	w.Header().Set("Location", "/v1/rescans/"+id)
	respond(w, 202, gate.Rescan{ID: id, Pattern: pattern, State: gate.Queued, CreatedAt: noon, NewlyFailing: []gate.RescanResult{}, Undecided: []gate.RescanResult{}})
}

func (g *standIn) getRescan(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	out := gate.Rescan{ID: id, Pattern: strings.TrimPrefix(id, "rescan-"), State: gate.Running, CreatedAt: noon, Total: 10, Done: 4, NewlyFailing: []gate.RescanResult{}, Undecided: []gate.RescanResult{}}
	if id == running {
		out.Pattern = "registry.example/other/**"
	}
	if out.Pattern == "never" {
		hold(r)
	}
	if g.count("GET "+id) > 1 && out.Pattern != "never" {
		out.State, out.DoneAt, out.Done, out.Passed = gate.Done, noon, 10, 10
		one := gate.RescanResult{Image: "registry.example/team/app@" + digest, Policy: "default", Decision: gate.Fail, Verdict: "0002", Reason: "CVE-2026-9 in openssl is CRITICAL", GraceUntil: noon}
		switch out.Pattern {
		case "newly":
			out.NewlyFailing = append(out.NewlyFailing, one)
			out.Passed, out.Failed = 9, 1
		case "undecided":
			one.Decision, one.Reason = gate.Errored, "the registry is away"
			out.Undecided = append(out.Undecided, one)
			out.Passed, out.Errors = 9, 1
		}
	}
	respond(w, 200, out)
}

func (g *standIn) checkWorkloads(w http.ResponseWriter, r *http.Request) {
	var req client.WorkloadRequest
	decoded(r, &req)
	out := gate.WorkloadReport{Images: []gate.WorkloadImage{}, Findings: []gate.WorkloadFinding{}}
	for i, line := range strings.Split(req.Manifests, "\n") {
		_, name, ok := strings.Cut(line, "image: ")
		if !ok {
			continue
		}
		out.Images = append(out.Images, gate.WorkloadImage{Kind: "Pod", Name: "app", Container: "app", Image: name, Digest: digest, Allowed: kind(name) != "fail", Reason: map[string]string{"fail": "the latest verdict is fail"}[kind(name)]})
		if kind(name) == "risky" {
			out.Findings = append(out.Findings, gate.WorkloadFinding{Check: "W-02", Severity: gate.SeverityHigh, Kind: "Pod", Name: "app", Container: "app", Message: "the container may gain privileges", Fix: "set allowPrivilegeEscalation: false", Line: i + 1})
		}
	}
	if strings.Contains(req.Manifests, "not: [yaml") {
		problem(w, 400, "invalid", fmt.Sprintf("document %d is not YAML", 1), false)
		return
	}
	respond(w, 200, out)
}
