package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/identity"
)

// authority signs certificates in a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	c := template(name, time.Now(), 24*time.Hour)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	a.cert = signed(t, c, a, a)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed is c with the key of own, signed by a; own is a where it signs itself.
func signed(t testing.TB, c *x509.Certificate, own, a authority) *x509.Certificate {
	t.Helper()
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &own.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// caller makes a pair of a caller with a SPIFFE ID.
func (a authority) caller(t testing.TB, path string, change ...func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	own := authority{key: newKey(t)}
	c := template("", time.Now(), time.Hour)
	c.Subject = pkix.Name{}
	c.URIs = []*url.URL{{Scheme: "spiffe", Host: "shop.example", Path: path}}
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, f := range change {
		f(c)
	}
	return &tls.Certificate{Certificate: [][]byte{signed(t, c, own, a).Raw}, PrivateKey: own.key}
}

const tlsRights = `callers:
- name: reader
  certificate: {uri: "spiffe://shop.example/reader"}
  rights: [{verbs: [read], repositories: ["**"]}]
- name: shop
  certificate: {uri: "spiffe://shop.example/shop/*"}
  rights: [{verbs: [evaluate, read], repositories: [registry.example/shop/*]}]
- name: no-rights
  certificate: {uri: "spiffe://shop.example/none"}
- name: by-token
  token: TOKEN
  rights: [{verbs: [read], repositories: ["**"]}]
`

// secure is a gate over TLS on a real port.
type secure struct {
	dir, address string
	roots        *x509.CertPool
	log          *written
	clients      authority
	ahead        atomic.Int64 // how far the certificate's clock is ahead
	stop         func()
}

func newSecure(t *testing.T, s *Server) *secure {
	t.Helper()
	x := &secure{dir: t.TempDir(), log: &written{}, clients: newAuthority(t, "callers")}
	x.roots = pairIn(t, x.dir)
	x.trust(t, x.clients.pem())
	rights := filepath.Join(x.dir, "rights.yaml")
	if err := os.WriteFile(rights, []byte(strings.ReplaceAll(tlsRights, "TOKEN", identity.HashOf("a-good-token").String())), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := identity.OpenFile(rights)
	if err != nil {
		t.Fatal(err)
	}
	s.Callers, s.Audit = identity.NewAuthenticator(file, nil, slog.New(slog.DiscardHandler), time.Now), x.log
	cert, err := NewCertificate(filepath.Join(x.dir, "tls.crt"), filepath.Join(x.dir, "tls.key"), filepath.Join(x.dir, "callers.crt"), nil)
	if err != nil {
		t.Fatal(err)
	}
	cert.now = func() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.ServeTLS(ctx, l, cert, deadline) }()
	x.stop = func() {
		stop()
		if err := receive(t, ended, "the server to end"); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(x.stop)
	return x
}

// trust writes the authority of callers, as of a time of its own.
func (x *secure) trust(t testing.TB, pem []byte) {
	t.Helper()
	name := filepath.Join(x.dir, "callers.crt")
	if err := os.WriteFile(name, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Duration(x.ahead.Add(int64(lookAgain))))
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// client is a caller with connections of its own.
func (x *secure) client(t testing.TB, pair *tls.Certificate, change ...func(*http.Transport)) *http.Client {
	t.Helper()
	config := &tls.Config{RootCAs: x.roots, MinVersion: tls.VersionTLS12}
	if pair != nil {
		// Whatever authorities the gate names: a stranger's is shown too.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	for _, f := range change {
		f(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: deadline}
}

// refusal is how the gate ends a handshake with a certificate. In TLS 1.3 that
// comes after the caller's part, so an HTTP client may see no more than an end.
func (x *secure) refusal(t testing.TB, pair *tls.Certificate) string {
	t.Helper()
	c, err := tls.Dial("tcp", x.address, x.client(t, pair).Transport.(*http.Transport).TLSClientConfig)
	if err == nil {
		defer func() { _ = c.Close() }()
		_ = c.SetReadDeadline(time.Now().Add(deadline))
		_, err = c.Read(make([]byte, 1))
	}
	return err.Error()
}

// get asks for an evaluation that is done.
func (x *secure) get(t testing.TB, c *http.Client, header ...string) (*http.Response, string, error) {
	t.Helper()
	return x.send(t, c, http.MethodGet, "/v1/evaluations/e-shop", "", header...)
}

func (x *secure) send(t testing.TB, c *http.Client, method, path, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+x.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// shopServer is a server with an evaluation of the shop's.
func shopServer(t testing.TB) *Server {
	t.Helper()
	s, m := newServer(t, Options{})
	e := done()
	e.ID, e.Verdict.ID, e.Verdict.Image = "e-shop", "e-shop", "registry.example/shop/web:1"
	m.answers["e-shop"] = e
	return s
}
