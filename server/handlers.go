package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// CreateEvaluation is POST /v1/evaluations.
func (s *Server) CreateEvaluation(c *gin.Context, params CreateEvaluationParams) {
	var body EvaluationRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	req := gate.Request{Image: body.Image, Policy: deref(body.Policy), Sign: deref(body.Sign), Full: deref(body.Full), Platforms: deref(body.Platforms), Caller: callerOf(c).Name}
	if _, err := remote(req.Image); err != nil {
		s.problem(c, err)
		return
	}
	e, err := s.Evaluations.Submit(c.Request.Context(), req, deref(params.IdempotencyKey))
	if err == nil && e.State != gate.Done && deref(params.Wait) > 0 {
		e, err = s.await(c.Request.Context(), e.ID, seconds(params.Wait))
	}
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("Location", "/v1/evaluations/"+e.ID)
	if e.State == gate.Done {
		respond(c, http.StatusOK, e.Verdict)
		return
	}
	c.Header("Retry-After", "1")
	respond(c, http.StatusAccepted, pending(e))
}

// remote reads a reference that came with a request, and refuses what names no
// image of a registry.
func remote(image string) (gate.Reference, error) {
	ref, err := gate.ParseReference(image)
	if err == nil && ref.Scheme != gate.SchemeRegistry {
		return gate.Reference{}, gate.NewError(gate.CodeInvalid, fmt.Sprintf("image %s names a file of the gate's own machine: over REST, images come from registries", image), nil)
	}
	return ref, err
}

// GetEvaluation is GET /v1/evaluations/{id}.
func (s *Server) GetEvaluation(c *gin.Context, id string, params GetEvaluationParams) {
	e, err := s.await(c.Request.Context(), id, seconds(params.Wait))
	if err != nil {
		s.problem(c, err)
		return
	}
	if e.State == gate.Done {
		respond(c, http.StatusOK, e.Verdict)
		return
	}
	c.Header("Retry-After", "1")
	respond(c, http.StatusOK, pending(e))
}

// CancelEvaluation is DELETE /v1/evaluations/{id}.
func (s *Server) CancelEvaluation(c *gin.Context, id string) {
	e, err := s.Evaluations.Cancel(c.Request.Context(), id)
	if err != nil {
		s.problem(c, err)
		return
	}
	respond(c, http.StatusOK, e.Verdict)
}

// maxHistory is how many past verdicts an image's answer holds.
const maxHistory = 100

// GetImage is GET /v1/images/{digest}.
func (s *Server) GetImage(c *gin.Context, digest string) {
	latest, err := s.newest(c, digest)
	var history []gate.Verdict
	if err == nil {
		history, err = s.Images.History(c.Request.Context(), digest, maxHistory)
	}
	if err != nil {
		s.problem(c, err)
		return
	}
	out := image{Digest: digest, Latest: latest, History: []pastVerdict{}}
	for _, v := range s.readable(c, history) {
		out.History = append(out.History, pastVerdict{v.ID, v.Decision, v.Policy, v.Database, v.Signature, v.DecidedAt, v.ExpiresAt})
	}
	respond(c, http.StatusOK, out)
}

// CreateSignature is POST /v1/signatures.
func (s *Server) CreateSignature(c *gin.Context) {
	var body SignatureRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	v, err := s.Signatures.SignDigest(c.Request.Context(), body.Repository, body.Digest, deref(body.Policy))
	if err != nil {
		s.problem(c, err)
		return
	}
	respond(c, http.StatusOK, v)
}

// GetHealth is GET /healthz.
func (s *Server) GetHealth(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// GetReadiness is GET /readyz.
func (s *Server) GetReadiness(c *gin.Context) {
	out := readiness{Ready: true, Components: []Component{}}
	select {
	case <-s.draining:
		out.Ready, out.Components = false, append(out.Components, Component{Name: "server", Detail: "it is about to end"})
	default:
	}
	if s.Readiness != nil {
		for _, part := range s.Readiness(c.Request.Context()) {
			out.Ready = out.Ready && part.Ready
			out.Components = append(out.Components, part)
		}
	}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", "5")
	}
	respond(c, status, out)
}

// GetDocument is GET /openapi.yaml.
func (s *Server) GetDocument(c *gin.Context) { c.Data(http.StatusOK, "application/yaml", document) }

// decode reads the body, which the contract has seen: a second value after the
// first is all it cannot see.
func decode(c *gin.Context, into any) error {
	d := json.NewDecoder(c.Request.Body)
	if err := d.Decode(into); err != nil {
		return gate.NewError(gate.CodeInvalid, "the body is not the JSON that /openapi.yaml describes", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return gate.NewError(gate.CodeInvalid, "there is more after the body's JSON object", nil)
	}
	return nil
}

// respond writes JSON as the command line does: characters of HTML stay.
func respond(c *gin.Context, status int, document any) { c.PureJSON(status, document) }

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func seconds(wait *int) time.Duration { return time.Duration(deref(wait)) * time.Second }
