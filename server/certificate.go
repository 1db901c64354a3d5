package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// Certificate is a key pair in files that somebody else renews (cert-manager, a
// mounted Secret). It is read again when they change; a broken new pair leaves
// the old one in use.
type Certificate struct {
	certFile, keyFile string
	clients           *x509.CertPool
	logger            *slog.Logger
	now               func() time.Time

	mu      sync.Mutex // guards what follows
	pair    *tls.Certificate
	looked  time.Time
	changed [2]time.Time
}

// lookAgain is how often the files are looked at, at most.
const lookAgain = 5 * time.Second

// NewCertificate reads the pair. With a clientCA file, callers must show a
// certificate of that authority. Errors are CodeInvalid and name the file.
func NewCertificate(certFile, keyFile, clientCA string, logger *slog.Logger) (*Certificate, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := &Certificate{certFile: certFile, keyFile: keyFile, logger: logger, now: time.Now}
	if clientCA != "" {
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, gate.NewError(gate.CodeInvalid, "the authority of callers "+clientCA+" cannot be read", err)
		}
		if c.clients = x509.NewCertPool(); !c.clients.AppendCertsFromPEM(pem) {
			return nil, gate.NewError(gate.CodeInvalid, clientCA+" holds no certificate in PEM", nil)
		}
	}
	if err := c.load(); err != nil {
		return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the certificate %s with key %s cannot be used", certFile, keyFile), err)
	}
	return c, nil
}

func (c *Certificate) load() error {
	c.looked = c.now()
	var changed [2]time.Time
	for i, f := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(f) // of what a mounted Secret's link leads to
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, changed
	return nil
}

// current is the pair to show now.
func (c *Certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) >= lookAgain {
		if err := c.load(); err != nil {
			c.logger.Warn("the renewed certificate cannot be used; the old one stays", "certificate", c.certFile, "error", err)
		}
	}
	return c.pair, nil
}

func (c *Certificate) config() *tls.Config {
	out := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.current}
	if c.clients != nil {
		out.ClientCAs, out.ClientAuth = c.clients, tls.RequireAndVerifyClientCert
	}
	return out
}
