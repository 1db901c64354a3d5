package server

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/identity"
)

func TestCallersAreKnownByTheirCertificates(t *testing.T) {
	x := newSecure(t, shopServer(t))
	stranger := newAuthority(t, "callers") // of the same name
	between := authority{key: newKey(t)}
	template := template("between", time.Now(), time.Hour)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	between.cert = signed(t, template, between, x.clients)
	chained := between.caller(t, "/reader")
	alone := &tls.Certificate{Certificate: chained.Certificate, PrivateKey: chained.PrivateKey}
	chained = &tls.Certificate{Certificate: append(chained.Certificate[:1:1], between.cert.Raw), PrivateKey: chained.PrivateKey}
	over := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	serving := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	for name, test := range map[string]struct {
		pair   *tls.Certificate
		header []string
		status int // 0: there is no connection
		says   string
	}{
		"the right one":                      {x.clients.caller(t, "/reader"), nil, 200, `"id":"e-shop"`},
		"one that a pattern fits":            {x.clients.caller(t, "/shop/ci"), nil, 200, `"id":"e-shop"`},
		"one behind another authority":       {chained, nil, 200, `"id":"e-shop"`},
		"that one without what is between":   {alone, nil, 0, "unknown certificate authority"},
		"none":                               {nil, nil, 401, "or show a certificate of an authority"},
		"one of a caller without rights":     {x.clients.caller(t, "/none"), nil, 404, "there is no evaluation"},
		"one that no caller has":             {x.clients.caller(t, "/unclaimed"), nil, 401, `no caller of the rights file has the certificate of uri \"spiffe://shop.example/unclaimed\"`},
		"one of a stranger":                  {stranger.caller(t, "/reader"), nil, 0, "unknown certificate authority"},
		"one that is over":                   {x.clients.caller(t, "/reader", over), nil, 0, "expired certificate"},
		"one for servers":                    {x.clients.caller(t, "/reader", serving), nil, 0, "bad certificate"},
		"the authority's own":                {&tls.Certificate{Certificate: [][]byte{x.clients.cert.Raw}, PrivateKey: x.clients.key}, nil, 401, "is an authority's own"},
		"a token without one":                {nil, []string{"Authorization", "Bearer a-good-token"}, 200, `"id":"e-shop"`},
		"a token with one that no one has":   {x.clients.caller(t, "/unclaimed"), []string{"Authorization", "Bearer a-good-token"}, 200, `"id":"e-shop"`},
		"a wrong token with the right one":   {x.clients.caller(t, "/reader"), []string{"Authorization", "Bearer wrong"}, 401, "send a token that the gate knows"},
		"no token at all with the right one": {x.clients.caller(t, "/reader"), []string{"Authorization", "Basic eDp5"}, 401, "or show a certificate"},
		"two tokens with the right one":      {x.clients.caller(t, "/reader"), []string{"Authorization", "Bearer a-good-token", "Authorization", "Bearer a-good-token"}, 401, "or show a certificate"},
		"a header that speaks of one":        {nil, []string{"X-Forwarded-Client-Cert", "URI=spiffe://shop.example/reader"}, 401, "or show a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.status == 0 {
				if got := x.refusal(t, test.pair); !strings.Contains(got, test.says) {
					t.Errorf("%s, want %s", got, test.says)
				}
				return
			}
			r, text, err := x.get(t, x.client(t, test.pair), test.header...)
			switch {
			case err != nil:
				t.Error(err)
			case r.StatusCode != test.status || !strings.Contains(text, test.says):
				t.Errorf("%d %.300s, want %d %s", r.StatusCode, text, test.status, test.says)
			}
		})
	}
}

func TestWhatIsDoneByCertificateIsWrittenDownAsSuch(t *testing.T) {
	x := newSecure(t, shopServer(t))
	r, text, err := x.send(t, x.client(t, x.clients.caller(t, "/shop/ci")), "POST", "/v1/evaluations", `{"image": "registry.example/shop/web:1"}`)
	if err != nil || r.StatusCode != 202 {
		t.Fatalf("%v %s %v", r, text, err)
	}
	if _, _, err := x.get(t, x.client(t, x.clients.caller(t, "/unclaimed"))); err != nil {
		t.Fatal(err)
	}
	x.log.mu.Lock()
	defer x.log.mu.Unlock()
	if len(x.log.entries) != 2 {
		t.Fatalf("written is %+v", x.log.entries)
	}
	if e := x.log.entries[0]; e.Caller != "shop" || e.Kind != identity.KindCertificate || e.Verb != identity.Evaluate || e.Decision != identity.Allowed {
		t.Errorf("written is %+v", e)
	}
	if e := x.log.entries[1]; e.Caller != unknownCaller || e.Decision != identity.Denied || !strings.Contains(e.Detail, "spiffe://shop.example/unclaimed") {
		t.Errorf("written is %+v", e)
	}
}

func TestTheAuthorityOfCallersChangesWithoutARestart(t *testing.T) {
	x := newSecure(t, shopServer(t))
	second := newAuthority(t, "second")
	older, newer := x.clients.caller(t, "/reader"), second.caller(t, "/reader")
	before, after := x.client(t, older), x.client(t, newer)
	status := func(what string, c *http.Client, want int, says string) {
		t.Helper()
		if r, text, err := x.get(t, c); err != nil || r.StatusCode != want || !strings.Contains(text, says) {
			t.Errorf("%s: %v %.300s %v, want %d %s", what, r, text, err, want, says)
		}
	}
	refused := func(what string, pair *tls.Certificate) {
		t.Helper()
		if got := x.refusal(t, pair); !strings.Contains(got, "unknown certificate authority") {
			t.Errorf("%s: %s", what, got)
		}
	}
	status("the first authority's", before, 200, "")
	refused("the second's before it is known", newer)
	x.trust(t, []byte("half a certifi"))
	status("the first's while the file is broken", x.client(t, older), 200, "")
	x.trust(t, append(x.clients.pem(), second.pem()...))
	status("the second's beside the first", after, 200, "")
	status("the first's beside the second", before, 200, "")
	x.trust(t, second.pem())
	status("the first's on a connection from before", before, 401, "no authority of callers vouches for the certificate")
	refused("the first's on a new connection", older)
	status("the second's", after, 200, "")
	if err := os.Remove(filepath.Join(x.dir, "callers.crt")); err != nil {
		t.Fatal(err)
	}
	x.ahead.Add(int64(lookAgain))
	status("the second's without the file", x.client(t, newer), 200, "")
}

func TestAConnectionDoesNotOutliveItsCertificate(t *testing.T) {
	for name, change := range map[string]func(*http.Transport){
		"HTTP/2":   func(*http.Transport) {},
		"HTTP/1.1": func(h *http.Transport) { h.ForceAttemptHTTP2 = false },
	} {
		t.Run(name, func(t *testing.T) {
			x := newSecure(t, shopServer(t))
			pair := x.clients.caller(t, "/reader")
			c := x.client(t, pair, change)
			reused := false
			trace := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					return next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})))
				})
			}
			c.Transport = trace(c.Transport)
			if r, _, err := x.get(t, c); err != nil || r.StatusCode != 200 || r.Proto[:len(name)] != name {
				t.Fatalf("%v %v", r, err)
			}
			x.ahead.Add(int64(30 * time.Minute))
			if r, text, err := x.get(t, c); err != nil || r.StatusCode != 200 || !reused {
				t.Fatalf("while it counts: %v %s %v, reused %t", r, text, err, reused)
			}
			x.ahead.Add(int64(time.Hour))
			r, text, err := x.get(t, c)
			if err != nil || r.StatusCode != 401 || !reused || !strings.Contains(text, "the certificate of this connection ended at") {
				t.Errorf("%v %s %v, reused %t", r, text, err, reused)
			}
			// Whoever renewed it meanwhile connects again, once it is known that
			// the old connection ends.
			for end := time.Now().Add(deadline); err == nil; {
				if _, _, err = x.get(t, c); time.Now().After(end) {
					t.Fatal("the connection is still there")
				}
			}
			if got := x.refusal(t, pair); !strings.Contains(got, "expired certificate") {
				t.Error(got)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOldProtocolsAreNotSpoken(t *testing.T) {
	x := newSecure(t, shopServer(t))
	pair := x.clients.caller(t, "/reader")
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := x.client(t, pair, func(h *http.Transport) {
			h.TLSClientConfig.MinVersion, h.TLSClientConfig.MaxVersion = version, version //nolint:gosec // what is to be refused
		})
		r, _, err := x.get(t, c)
		if want != (err == nil) || (want && (r.TLS.Version != version || r.StatusCode != 200)) {
			t.Errorf("%s: %v %v", tls.VersionName(version), r, err)
		}
	}
	if r, _, err := x.get(t, x.client(t, pair)); err != nil || r.TLS.Version != tls.VersionTLS13 {
		t.Errorf("left the choice: %v %v", r, err)
	}
	if r, err := http.Get("http://" + x.address + "/healthz"); err == nil {
		defer func() { _ = r.Body.Close() }()
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: %d", r.StatusCode)
		}
	}
}

func TestEventsCrossTLSAsTheyCome(t *testing.T) {
	s, e := newMoving(t, Options{})
	e.now.Request.Image = "registry.example/shop/web:1"
	x := newSecure(t, s)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+x.address+"/v1/evaluations/moving/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := x.client(t, x.clients.caller(t, "/reader"))
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.ProtoMajor != 2 || response.StatusCode != 200 {
		t.Fatalf("%s %d", response.Proto, response.StatusCode)
	}
	first := make([]byte, 3)
	if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != ":\n\n" {
		t.Fatalf("before anything happened: %q %v", first, err)
	}
	e.progress(gate.Progress{Step: gate.StepAnalyze, Layer: 1})
	e.finish()
	rest, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(rest), "event: verdict") {
		t.Errorf("%s %v", rest, err)
	}
}

// pipes is a listener whose connections a test makes.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestAHandshakeThatDoesNotGoOnIsCutOff(t *testing.T) {
	dir := t.TempDir()
	pairIn(t, dir)
	s := shopServer(t)
	synctest.Test(t, func(t *testing.T) {
		cert, err := NewCertificate(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		h := s.bounded()
		h.TLSConfig = cert.config(tls.VerifyClientCertIfGiven)
		p := pipes{make(chan net.Conn)}
		go func() { _ = h.ServeTLS(p, "", "") }()
		mine, theirs := net.Pipe()
		p.conns <- theirs
		begun := time.Now()
		if n, err := mine.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes before anything was sent", n)
		}
		if took := time.Since(begun); took != headerTime {
			t.Errorf("a connection that says nothing is cut off after %s, want %s", took, headerTime)
		}
		close(p.conns)
		_ = h.Close()
	})
}
