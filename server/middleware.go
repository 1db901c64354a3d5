package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// requestKey is where a request's id is kept.
const requestKey = "request"

// identify names each request, and writes one log line when it is answered.
// Neither headers nor bodies are logged.
func (s *Server) identify(c *gin.Context) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	id := hex.EncodeToString(b[:])
	c.Set(requestKey, id)
	c.Header("X-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
	start := time.Now()
	if s.Trace != nil {
		r, end := s.Trace(c.Request)
		c.Request = r
		defer func() { end(c.FullPath(), c.Writer.Status()) }()
	}
	c.Next()
	s.Metrics.request(c, time.Since(start))
	s.Logger.Debug("request", "request", id, "method", c.Request.Method, "path", c.Request.URL.Path, "caller", callerOf(c).Name, "status", c.Writer.Status(), "duration", time.Since(start))
}

// recover answers a panic as an internal error.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			s.Logger.Error("panic", "request", c.GetString(requestKey), "path", c.Request.URL.Path, "value", r, "stack", string(debug.Stack()))
			s.problem(c, gate.NewError(gate.CodeInternal, fmt.Sprint(r), nil))
		}
	}()
	c.Next()
}

func levelOf(code gate.Code) slog.Level {
	switch code {
	case gate.CodeInternal:
		return slog.LevelError
	case gate.CodeUnavailable:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
