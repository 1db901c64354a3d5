package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Workloads holds Kubernetes manifests against the gate's verdicts and the
// workload checks. CodeInvalid names what cannot be read.
type Workloads interface {
	CheckManifests(ctx context.Context, manifests []byte) (gate.WorkloadReport, error)
}

// maxManifests bounds the body of CheckWorkloads in bytes: what the contract
// allows the text, escaped.
const maxManifests = 5 << 20

// CheckWorkloads is POST /v1/workloads:check.
func (s *Server) CheckWorkloads(c *gin.Context) {
	var body WorkloadRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	report, err := s.Workloads.CheckManifests(c.Request.Context(), []byte(body.Manifests))
	if err != nil {
		s.problem(c, err)
		return
	}
	if s.allowImages(c, report) {
		respond(c, http.StatusOK, report)
	}
}
