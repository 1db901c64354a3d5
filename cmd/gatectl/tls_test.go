package main

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
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// signer is an authority that signs itself.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newSigner(t *testing.T, name string) signer {
	t.Helper()
	c := certificate(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	s := signer{}
	certPEM, keyPEM := s.sign(t, c)
	block, _ := pem.Decode(keyPEM)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	s.key = key.(*ecdsa.PrivateKey)
	block, _ = pem.Decode(certPEM)
	if s.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	return s
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// sign makes a pair in PEM; an empty signer's signs itself.
func (s signer) sign(t *testing.T, c *x509.Certificate) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if s.cert == nil {
		s = signer{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, s.cert, &key.PublicKey, s.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

func (s signer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw})
}

// mutual is a server that says who asks: by certificate, and by token.
type mutual struct {
	dir, url string
	callers  signer
	serving  atomic.Pointer[tls.Certificate] // of now
}

func newMutual(t *testing.T) *mutual {
	t.Helper()
	m := &mutual{dir: t.TempDir(), callers: newSigner(t, "callers")}
	pool := x509.NewCertPool()
	pool.AddCert(m.callers.cert)
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, who+" "+r.Header.Get("Authorization"))
	}))
	h.EnableHTTP2 = true
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return m.serving.Load(), nil },
	}
	m.renewServer(t)
	h.TLS.Certificates = []tls.Certificate{*m.serving.Load()}
	h.StartTLS()
	h.TLS.Certificates = nil // httptest wants one; GetCertificate is asked only without
	t.Cleanup(h.Close)
	m.url = h.URL
	return m
}

// renewServer has the server show a certificate of an authority of its own.
func (m *mutual) renewServer(t *testing.T) {
	t.Helper()
	s := newSigner(t, "servers")
	certPEM, keyPEM := s.sign(t, certificate("server"))
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	m.serving.Store(&pair)
	m.write(t, "ca.crt", s.pem())
}

func (m *mutual) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// caller writes the pair of a caller.
func (m *mutual) caller(t *testing.T, name string) {
	t.Helper()
	certPEM, keyPEM := m.callers.sign(t, certificate(name))
	m.write(t, "tls.crt", certPEM)
	m.write(t, "tls.key", keyPEM)
}

func (m *mutual) connection() *connection {
	return &connection{server: m.url, credentials: []string{m.dir}, timeout: 10 * time.Second, auth: auth{mode: "auto", tokenEnv: "NO_SUCH_VARIABLE"}}
}

// asker asks as a command would, one time after the other.
func asker(t *testing.T, c *connection) func() (string, error) {
	t.Helper()
	files, err := c.tlsFiles()
	if err != nil {
		t.Fatal(err)
	}
	tokens, _, err := c.tokens(nil, files.from)
	if err != nil {
		t.Fatal(err)
	}
	h := newHTTP(newRenewing(files, c.tlsFiles), c.timeout)
	h.Transport = bearer{h.Transport, tokens}
	t.Cleanup(h.CloseIdleConnections)
	return func() (string, error) {
		r, err := h.Get(c.server)
		if err != nil {
			return "", err
		}
		defer func() { _ = r.Body.Close() }()
		text, err := io.ReadAll(r.Body)
		return strings.TrimSpace(string(text)), err
	}
}

func TestFilesOfTLSAreReadAgainForEachRequest(t *testing.T) {
	t.Setenv("IMAGEGATE_TOKEN", "")
	m := newMutual(t)
	m.caller(t, "one")
	ask := asker(t, m.connection())
	expect := func(what, want string) {
		t.Helper()
		if got, err := ask(); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", what, got, err, want)
		}
	}
	expect("at first", "one")
	m.caller(t, "two")
	expect("with a renewed certificate", "two")
	other, _ := m.callers.sign(t, certificate("three"))
	m.write(t, "tls.crt", other)
	expect("while its key is not there yet", "two")
	m.write(t, "ca.crt", []byte("half a certifi"))
	expect("while the authority is half written", "two")
	m.caller(t, "three")
	m.renewServer(t)
	expect("with another authority of the gate's", "three")
	if err := os.Remove(filepath.Join(m.dir, "tls.key")); err != nil {
		t.Fatal(err)
	}
	expect("without the key", "three")
}

func TestATokenComesBeforeTheCertificateAndThatBeforeAnIdentityToken(t *testing.T) {
	m := newMutual(t)
	m.caller(t, "one")
	t.Setenv("CI_TOKEN", jwt("ci", time.Hour))
	for name, test := range map[string]struct {
		mode, token, want string // want: what the server is told
		err               string
	}{
		"a token and the rest":       {"auto", "good-token", "one Bearer good-token", ""},
		"no token":                   {"auto", "", "one", ""},
		"no token wanted":            {"certificate", "good-token", "one", ""},
		"the token alone":            {"token", "good-token", "one Bearer good-token", ""},
		"an identity token":          {"oidc", "good-token", "one Bearer " + os.Getenv("CI_TOKEN"), ""},
		"something that is no means": {"basic", "", "", "none of auto, token, certificate, oidc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IMAGEGATE_TOKEN", test.token)
			c := m.connection()
			c.auth.mode, c.auth.tokenEnv = test.mode, "CI_TOKEN"
			if _, _, err := c.tokens(nil, "tls.crt"); test.err != "" {
				if gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%v, want %q", err, test.err)
				}
				return
			}
			if got, err := asker(t, c)(); err != nil || got != test.want {
				t.Errorf("%q %v, want %q", got, err, test.want)
			}
		})
	}
	c := m.connection()
	c.auth.mode = "certificate"
	if _, _, err := c.tokens(nil, ""); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "--client-cert") {
		t.Errorf("no certificate: %v", err)
	}
}

func TestCertificatesThatCannotBeShownAreWrongUse(t *testing.T) {
	m := newMutual(t)
	m.caller(t, "one")
	cert, key := filepath.Join(m.dir, "tls.crt"), filepath.Join(m.dir, "tls.key")
	for name, test := range map[string]struct {
		change func(*connection)
		says   string
	}{
		"a certificate without its key": {func(c *connection) { c.clientCert = cert }, "are a pair"},
		"a key without its certificate": {func(c *connection) { c.clientKey = key }, "are a pair"},
		"a key as certificate":          {func(c *connection) { c.clientCert, c.clientKey = key, key }, "cannot be used"},
		"a file that is not there":      {func(c *connection) { c.clientCert, c.clientKey = cert+".no", key }, "--client-cert"},
		"a gate without TLS":            {func(c *connection) { c.clientCert, c.clientKey, c.server = cert, key, "http://gate.example" }, "write https:// in --server"},
	} {
		c := m.connection()
		test.change(c)
		if f, err := c.tlsFiles(); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %+v, %v; want %q", name, f.from, err, test.says)
		}
	}
	c := m.connection()
	c.server = "http://gate.example"
	if f, err := c.tlsFiles(); err != nil || f.pair != nil || f.from != "" {
		t.Errorf("a directory's pair without TLS: %q, %v", f.from, err)
	}
}

func TestARefusedCertificateIsToldAndNotTriedAgain(t *testing.T) {
	m := newMutual(t)
	stranger := newSigner(t, "strangers")
	certPEM, keyPEM := stranger.sign(t, certificate("one"))
	m.write(t, "tls.crt", certPEM)
	m.write(t, "tls.key", keyPEM)
	c := m.connection()
	files, err := c.tlsFiles()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&caller{http: newHTTP(newRenewing(files, c.tlsFiles), c.timeout), server: m.url, notice: func(string) {}}).Do(r)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("a stranger's certificate is taken")
	}
	a := &api{server: m.url, certificateFrom: files.from}
	told := a.unreachable(err)
	if gate.CodeOf(told) != gate.CodeUnauthorized || !strings.Contains(told.Error(), "does not take the certificate "+files.from) || !strings.Contains(told.Error(), "unknown certificate authority") {
		t.Errorf("%v", told)
	}
	if ctx.Err() != nil || !permanent(err) {
		t.Errorf("%v is tried again", err)
	}
	if told := (&api{server: m.url}).unreachable(err); !strings.Contains(told.Error(), "name one with --client-cert") {
		t.Errorf("who shows none is told %v", told)
	}
}
