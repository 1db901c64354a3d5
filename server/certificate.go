package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Certificate is a key pair in files that somebody else renews (cert-manager, a
// mounted Secret), and the authority whose certificates callers show. The files
// are read again when they change; what is broken leaves the old in use.
type Certificate struct {
	certFile, keyFile, clientCA string // clientCA is empty where callers show none
	logger                      *slog.Logger
	now                         func() time.Time

	mu      sync.Mutex // guards what follows
	looked  time.Time
	pair    *tls.Certificate
	clients *x509.CertPool
	changed map[string]time.Time // files as they were last read
}

// lookAgain is how often the files are looked at, at most.
const lookAgain = 5 * time.Second

// NewCertificate reads the pair and, unless it is empty, the file of the
// authority of callers. Errors are CodeInvalid and name the file.
func NewCertificate(certFile, keyFile, clientCA string, logger *slog.Logger) (*Certificate, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := &Certificate{certFile: certFile, keyFile: keyFile, clientCA: clientCA, logger: logger, now: time.Now, changed: map[string]time.Time{}}
	c.looked = c.now()
	if err := c.loadClients(); err != nil {
		return nil, gate.NewError(gate.CodeInvalid, "the authority of callers "+clientCA+" cannot be used", err)
	}
	if err := c.loadPair(); err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the certificate %s with key %s cannot be used", certFile, keyFile), err)
	}
	return c, nil
}

// loadPair reads the pair if its files changed. A pair of which one file is new
// does not load, and is tried again until the other is.
func (c *Certificate) loadPair() error {
	return c.reread([]string{c.certFile, c.keyFile}, func() error {
		pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
		if err == nil {
			c.pair = &pair
		}
		return err
	})
}

// loadClients reads the authority of callers if its file changed.
func (c *Certificate) loadClients() error {
	if c.clientCA == "" {
		return nil
	}
	return c.reread([]string{c.clientCA}, func() error {
		pem, err := os.ReadFile(c.clientCA)
		if err != nil {
			return err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return errors.New(c.clientCA + " holds no certificate in PEM")
		}
		c.clients = pool
		return nil
	})
}

// reread calls load if one of the files changed since it last went well.
func (c *Certificate) reread(files []string, load func() error) error {
	changed := map[string]time.Time{}
	for _, f := range files {
		info, err := os.Stat(f) // of what a mounted Secret's link leads to
		if err != nil {
			return err
		}
		if at := info.ModTime(); !at.Equal(c.changed[f]) {
			changed[f] = at
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := load(); err != nil {
		return err
	}
	for f, at := range changed {
		c.changed[f] = at
	}
	return nil
}

// current is the pair to show and the authority of callers to ask for now.
func (c *Certificate) current() (*tls.Certificate, *x509.CertPool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) >= lookAgain {
		c.looked = c.now()
		if err := c.loadPair(); err != nil {
			c.logger.Warn("the renewed certificate cannot be used; the old one stays", "certificate", c.certFile, "error", err)
		}
		if err := c.loadClients(); err != nil {
			c.logger.Warn("the changed authority of callers cannot be used; the old one stays", "authority", c.clientCA, "error", err)
		}
	}
	return c.pair, c.clients
}

// config is how a listener shakes hands; auth says what it asks of callers
// where there is an authority of theirs.
func (c *Certificate) config(auth tls.ClientAuthType) *tls.Config {
	out := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Time: c.now,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { pair, _ := c.current(); return pair, nil },
	}
	if c.clientCA == "" {
		return out
	}
	out.ClientAuth = auth
	_, out.ClientCAs = c.current()
	each := out.Clone()
	out.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := each.Clone()
		_, now.ClientCAs = c.current()
		return now, nil
	}
	return out
}

// vouched says why the certificates that a connection began with, a caller's
// first, count no longer; nil when they do. A connection may outlive its
// certificate, and the trust in who signed it.
func (c *Certificate) vouched(shown []*x509.Certificate) error {
	_, clients := c.current()
	now := c.now()
	if end := shown[0].NotAfter; now.After(end) {
		return gate.NewError(gate.CodeUnauthorized, "the certificate of this connection ended at "+end.UTC().Format(time.RFC3339)+": connect again with its successor", nil)
	}
	between := x509.NewCertPool()
	for _, cert := range shown[1:] {
		between.AddCert(cert)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{Roots: clients, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return gate.NewError(gate.CodeUnauthorized, "no authority of callers vouches for the certificate of this connection any more: connect again with one that does", err)
	}
	return nil
}
