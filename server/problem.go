package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Instance names the request, as the log does.
	Instance  string    `json:"instance,omitempty"`
	Code      gate.Code `json:"code"`
	Retryable bool      `json:"retryable,omitempty"`
}

// statuses maps codes to HTTP. This is the one place. CodeUnauthorized comes
// from a registry that refuses the gate's credentials, which the caller cannot
// mend by sending others: 401 is for the gate's own token (authenticate).
var statuses = map[gate.Code]int{
	gate.CodeInvalid:      http.StatusBadRequest,
	gate.CodeUnauthorized: http.StatusBadGateway,
	gate.CodeNotFound:     http.StatusNotFound,
	gate.CodeConflict:     http.StatusConflict,
	gate.CodeCancelled:    http.StatusConflict,
	gate.CodeLimit:        http.StatusRequestEntityTooLarge,
	gate.CodeBusy:         http.StatusTooManyRequests,
	gate.CodeUnavailable:  http.StatusServiceUnavailable,
	gate.CodeInternal:     http.StatusInternalServerError,
}

// problem answers with an error. Causes go to the log; the answer has the
// message, which is meant for the person who asked.
func (s *Server) problem(c *gin.Context, err error) {
	code := gate.CodeOf(err)
	detail := "the gate met an internal error: its log says more, under this request's id"
	var known *gate.Error
	switch {
	case errors.As(err, &known) && code != gate.CodeInternal:
		detail = known.Message
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		detail = "the gate did not finish in time: try again"
	}
	s.Logger.Log(c.Request.Context(), levelOf(code), "request answered with a problem", "request", c.GetString(requestKey), "path", c.Request.URL.Path, "code", code, "error", err)
	s.respondProblem(c, statuses[code], code, detail, gate.Retryable(err))
}

func (s *Server) respondProblem(c *gin.Context, status int, code gate.Code, detail string, retryable bool) {
	if status == http.StatusServiceUnavailable {
		c.Header("Retry-After", "5")
	}
	if code == gate.CodeBusy {
		c.Header("Retry-After", "10")
	}
	if status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="imagegate"`)
	}
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(status, Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail,
		Instance: c.GetString(requestKey), Code: code, Retryable: retryable,
	})
}
