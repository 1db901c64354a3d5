package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Rescans decides the fleet again.
type Rescans interface {
	// Start begins a rescan of the repositories that fit the pattern ("" is
	// all). When it returns without error the rescan will be done, whatever
	// happens to the process. CodeConflict names the one that runs already.
	Start(ctx context.Context, pattern string) (gate.Rescan, error)
	// Get returns the rescan when it is done, or as it stands after wait or
	// when ctx ends.
	Get(ctx context.Context, id string, wait time.Duration) (gate.Rescan, error)
}

// CreateRescan is POST /v1/rescans.
func (s *Server) CreateRescan(c *gin.Context) {
	var body RescanRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	r, err := s.Rescans.Start(c.Request.Context(), deref(body.Pattern))
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("Location", "/v1/rescans/"+r.ID)
	respond(c, http.StatusAccepted, r)
}

// GetRescan is GET /v1/rescans/{id}.
func (s *Server) GetRescan(c *gin.Context, id string, params GetRescanParams) {
	waiting, stop := s.untilDraining(c.Request.Context())
	defer stop()
	r, err := s.Rescans.Get(waiting, id, seconds(params.Wait))
	if err != nil {
		s.problem(c, err)
		return
	}
	respond(c, http.StatusOK, r)
}
