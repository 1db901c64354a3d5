package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
)

// The files of a certificate in a --credentials directory, as a Secret of type
// kubernetes.io/tls has them.
const (
	credentialCert = "tls.crt"
	credentialKey  = "tls.key"
)

// tlsFiles are what a connection over TLS is made with.
type tlsFiles struct {
	roots *x509.CertPool   // nil is the system's
	pair  *tls.Certificate // nil shows none
	from  string           // where the pair is from; empty without one
	read  [3][]byte        // authorities, certificate and key as they were
}

// tlsFiles reads them. Errors are CodeInvalid.
func (c *connection) tlsFiles() (f tlsFiles, err error) {
	if f.roots, f.read[0], err = c.authorities(); err != nil {
		return f, err
	}
	if (c.clientCert == "") != (c.clientKey == "") {
		return f, usage("--client-cert and --client-key are a pair: name both files, or neither")
	}
	if !strings.HasPrefix(c.server, "https://") {
		if c.clientCert != "" {
			return f, usage("--client-cert is shown over TLS only: write https:// in --server")
		}
		return f, nil
	}
	var keyFrom string
	if f.read[1], f.from, err = c.credential("--client-cert", c.clientCert, credentialCert); err != nil {
		return f, err
	}
	if f.read[2], keyFrom, err = c.credential("--client-key", c.clientKey, credentialKey); err != nil {
		return f, err
	}
	if f.from == "" || keyFrom == "" { // a directory with half of it holds a server's authority
		f.from = ""
		return f, nil
	}
	pair, err := tls.X509KeyPair(f.read[1], f.read[2])
	if err != nil {
		return f, usage("the certificate %s with key %s cannot be used: %v", f.from, keyFrom, err)
	}
	f.pair = &pair
	return f, nil
}

// transport makes connections with the files.
func (f tlsFiles) transport() *http.Transport {
	t := newTransport(f.roots)
	if f.pair != nil {
		// Shown whatever authorities the gate names: what it says about one that
		// it does not know tells more than what it says about none.
		t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.pair, nil }
	}
	return t
}

// renewing makes connections with the files of now: a mounted Secret changes
// while a command waits. Where they cannot be used, the last ones count.
type renewing struct {
	files func() (tlsFiles, error)

	mu   sync.Mutex // guards what follows
	last tlsFiles
	next *http.Transport // made with last
}

func newRenewing(first tlsFiles, files func() (tlsFiles, error)) *renewing {
	return &renewing{files: files, last: first, next: first.transport()}
}

// RoundTrip implements http.RoundTripper.
func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	return r.current().RoundTrip(req)
}

func (r *renewing) current() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, err := r.files()
	gone := now.pair == nil && r.last.pair != nil
	if err != nil || gone || now.same(r.last) {
		return r.next
	}
	r.next.CloseIdleConnections()
	r.last, r.next = now, now.transport()
	return r.next
}

func (f tlsFiles) same(other tlsFiles) bool {
	for i, data := range f.read {
		if !bytes.Equal(data, other.read[i]) {
			return false
		}
	}
	return true
}

// refusedCertificate is what the gate, or who stands before it, says when it
// ends a handshake over the caller's certificate; empty for other errors. The
// standard library has no type for such an end (RFC 8446, section 6).
func refusedCertificate(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" && strings.Contains(op.Err.Error(), "certificate") {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}
