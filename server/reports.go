package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Reports writes what is stored of an image for people and other programs.
type Reports interface {
	// Report is a stored verdict in a format of the contract.
	Report(ctx context.Context, v gate.Verdict, format string) (body []byte, mediaType string, err error)
	// SBOM is the packages of a verdict's image. CodeNotFound where nothing
	// was scanned, CodeInvalid where there is no such platform.
	SBOM(ctx context.Context, v gate.Verdict, format, platform string) (body []byte, mediaType string, err error)
}

// GetReport is GET /v1/images/{digest}/report.
func (s *Server) GetReport(c *gin.Context, digest string, params GetReportParams) {
	format := "json"
	if params.Format != nil {
		format = string(*params.Format)
	}
	v, err := s.newest(c, digest)
	var body []byte
	var mediaType string
	if err == nil {
		body, mediaType, err = s.Reports.Report(c.Request.Context(), *v, format)
	}
	s.deliver(c, body, mediaType, err)
}

// GetSBOM is GET /v1/images/{digest}/sbom.
func (s *Server) GetSBOM(c *gin.Context, digest string, params GetSBOMParams) {
	format := "cyclonedx"
	if params.Format != nil {
		format = string(*params.Format)
	}
	v, err := s.newest(c, digest)
	var body []byte
	var mediaType string
	if err == nil {
		body, mediaType, err = s.Reports.SBOM(c.Request.Context(), *v, format, deref(params.Platform))
	}
	s.deliver(c, body, mediaType, err)
}

// deliver answers with a document that may hold an image author's text: a
// browser must neither guess its type nor run anything in the gate's name.
func (s *Server) deliver(c *gin.Context, body []byte, mediaType string, err error) {
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Content-Security-Policy", "sandbox allow-scripts; frame-ancestors 'none'")
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, mediaType, body)
}
