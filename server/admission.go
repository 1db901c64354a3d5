package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/imagegate/imagegate/internal/gate"
)

// Reviewer answers the reviews of a cluster: bytes in, bytes out, and a word
// for how it ended.
type Reviewer interface {
	// Review answers an AdmissionReview; with mutate it may change the object.
	Review(ctx context.Context, body []byte, mutate bool) (answer []byte, outcome string, err error)
	// ReviewImages answers an ImageReview.
	ReviewImages(ctx context.Context, body []byte) (answer []byte, outcome string, err error)
}

// maxReview bounds a review in bytes: an object and what it was before, each at
// most what an API server stores (1.5 MiB), as JSON that may be twice as long.
const maxReview = 8 << 20

// reviewTime is the deadline of a review that names none; an API server waits
// for 30 seconds at most.
const reviewTime = 10 * time.Second

// Admission is the webhook a cluster calls, as an http.Handler. Its callers are
// API servers, so it has no token; it stands on a listener of its own.
type Admission struct {
	reviewer Reviewer
	metrics  *Metrics
	logger   *slog.Logger
	engine   *gin.Engine
}

// NewAdmission makes the webhook.
func NewAdmission(r Reviewer, m *Metrics, logger *slog.Logger) *Admission {
	gin.SetMode(gin.ReleaseMode)
	a := &Admission{reviewer: r, metrics: m, logger: logger, engine: gin.New()}
	if logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	a.engine.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, defect any) {
		a.fail(c, gate.NewError(gate.CodeInternal, "the gate met an internal error: its log says more", nil))
		a.logger.Error("panic", "path", c.FullPath(), "value", defect)
	}))
	a.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	a.engine.POST("/validate", a.review(func(ctx context.Context, body []byte) ([]byte, string, error) { return r.Review(ctx, body, false) }))
	a.engine.POST("/mutate", a.review(func(ctx context.Context, body []byte) ([]byte, string, error) { return r.Review(ctx, body, true) }))
	a.engine.POST("/imagereview", a.review(r.ReviewImages))
	return a
}

// ServeHTTP implements http.Handler.
func (a *Admission) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.engine.ServeHTTP(w, r) }

// review reads a body, bounded in size and time, and answers it. What cannot be
// answered is an HTTP error: the cluster's failurePolicy decides then.
func (a *Admission) review(answer func(context.Context, []byte) ([]byte, string, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		body, err := io.ReadAll(io.LimitReader(c.Request.Body, maxReview+1))
		switch {
		case err != nil:
			err = gate.NewError(gate.CodeInvalid, "the review could not be read to its end", nil)
		case len(body) > maxReview:
			err = gate.NewError(gate.CodeLimit, "the review is longer than "+strconv.Itoa(maxReview)+" bytes", nil)
		}
		var out []byte
		outcome := "error"
		if err == nil {
			ctx, cancel := context.WithTimeout(c.Request.Context(), patience(c.Query("timeout")))
			defer cancel()
			out, outcome, err = answer(ctx, body)
		}
		if err != nil {
			outcome = "error"
			a.fail(c, err)
		} else {
			c.Data(http.StatusOK, "application/json", out)
		}
		a.metrics.reviewed(c.FullPath(), outcome, time.Since(start))
		a.logger.Debug("review", "path", c.FullPath(), "outcome", outcome, "duration", time.Since(start))
	}
}

// patience is how long a review may take: a little less than the API server
// says it waits (?timeout=5s), so that it hears why.
func patience(timeout string) time.Duration {
	d, err := time.ParseDuration(timeout)
	if err != nil || d <= 0 || d > 30*time.Second {
		return reviewTime
	}
	return d - d/10
}

func (a *Admission) fail(c *gin.Context, err error) {
	code := gate.CodeOf(err)
	text := "the gate met an internal error: its log says more"
	var known *gate.Error
	if errors.As(err, &known) && code != gate.CodeInternal {
		text = known.Message
	}
	a.logger.Log(c.Request.Context(), max(levelOf(code), slog.LevelWarn), "a review could not be answered", "path", c.FullPath(), "error", err)
	c.String(statuses[code], "%s\n", printable(text))
	c.Abort()
}

// ServeTLS answers API servers until ctx ends, with a certificate that is read
// again when its files change.
func (a *Admission) ServeTLS(ctx context.Context, l net.Listener, cert *Certificate, grace time.Duration) error {
	h := &http.Server{
		Handler: a, TLSConfig: cert.config(tls.RequireAndVerifyClientCert), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: readTime + reviewTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug), // probes and scanners break off handshakes
	}
	failed := make(chan error, 1)
	go func() { failed <- h.ServeTLS(l, "", "") }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	waited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := h.Shutdown(waited); err != nil {
		return h.Close()
	}
	return nil
}
