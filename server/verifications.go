package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Verifications tells whether an image carries the gate's signature and an
// unexpired pass.
type Verifications interface {
	Verify(ctx context.Context, image, policy string) (gate.Verification, error)
}

// CreateVerification is POST /v1/verifications.
func (s *Server) CreateVerification(c *gin.Context) {
	var body VerificationRequest
	if err := decode(c, &body); err != nil {
		s.problem(c, err)
		return
	}
	v, err := s.Verifications.Verify(c.Request.Context(), body.Image, deref(body.Policy))
	if err != nil {
		s.problem(c, err)
		return
	}
	respond(c, http.StatusOK, v)
}
