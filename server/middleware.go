package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
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
	c.Next()
	s.Metrics.request(c, time.Since(start))
	s.Logger.Debug("request", "request", id, "method", c.Request.Method, "path", c.Request.URL.Path, "status", c.Writer.Status(), "duration", time.Since(start))
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

// authenticate asks for the bearer token under /v1.
func (s *Server) authenticate(c *gin.Context) {
	if s.Token == "" || !strings.HasPrefix(c.Request.URL.Path, "/v1/") {
		return
	}
	token, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	// Hashes have one length, so comparing them tells nothing of the token's.
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.Token))
	if !ok || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		s.respondProblem(c, http.StatusUnauthorized, gate.CodeUnauthorized, "send the gate's token as Authorization: Bearer …", false)
	}
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
