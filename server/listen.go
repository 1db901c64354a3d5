package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The bounds of a connection. answerTime counts from the end of the headers, so
// it has room for the longest poll (a minute), for signing at a slow registry,
// and for the writing; a client that does not read is let go then.
const (
	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	answerTime = 3 * time.Minute
	idleTime   = 2 * time.Minute
	maxHeader  = 32 << 10 // bytes
)

func (s *Server) bounded() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: answerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug), // probes and scanners break off handshakes
	}
}

// Serve answers connections until ctx ends. Then /readyz says so, those who
// wait for a verdict are told how far it is, requests in hand are finished for
// at most grace, and Serve returns. A Server serves once.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	h := s.bounded()
	return s.until(ctx, h, func() error { return h.Serve(l) }, grace)
}

// ServeTLS is Serve over TLS, with a certificate that is read again when its
// files change. Callers may show one of the authority that goes with it. A
// handshake has the time of a request's headers.
func (s *Server) ServeTLS(ctx context.Context, l net.Listener, cert *Certificate, grace time.Duration) error {
	s.certificate = cert
	h := s.bounded()
	h.TLSConfig = cert.config(tls.VerifyClientCertIfGiven)
	return s.until(ctx, h, func() error { return h.ServeTLS(l, "", "") }, grace)
}

func (s *Server) until(ctx context.Context, h *http.Server, serve func() error, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	close(s.draining)
	waited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := h.Shutdown(waited); err != nil {
		_ = h.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return nil
}
