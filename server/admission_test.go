package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// echo is a reviewer that says how it was asked.
type echo struct{ deadline chan time.Duration }

func (e echo) Review(ctx context.Context, body []byte, mutate bool) ([]byte, string, error) {
	if d, ok := ctx.Deadline(); ok && e.deadline != nil {
		e.deadline <- time.Until(d)
	}
	switch string(body) {
	case "panic":
		panic("a defect")
	case "away":
		return nil, "", gate.NewError(gate.CodeUnavailable, "the database does not answer", errors.New("disk /data is gone"))
	case "glass":
		return body, brokenGlass, nil
	}
	if mutate {
		return append([]byte("mutate "), body...), "allowed", nil
	}
	return body, "allowed", nil
}

func (e echo) ReviewImages(_ context.Context, body []byte) ([]byte, string, error) {
	return append([]byte("images "), body...), "denied", nil
}

func TestTheWebhookHandsReviewsOnAndAnswersErrorsAsErrors(t *testing.T) {
	m := NewMetrics()
	a := NewAdmission(echo{}, m, nil)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"validate":                {"POST", "/validate?timeout=5s", "x", 200, "x"},
		"mutate":                  {"POST", "/mutate", "x", 200, "mutate x"},
		"image review":            {"POST", "/imagereview", "x", 200, "images x"},
		"glass":                   {"POST", "/validate", "glass", 200, "glass"},
		"glass, before":           {"POST", "/mutate", "glass", 200, "glass"},
		"a gate that cannot tell": {"POST", "/validate", "away", 503, "the database does not answer"},
		"a defect":                {"POST", "/validate", "panic", 500, "internal error"},
		"a huge review":           {"POST", "/validate", strings.Repeat("x", maxReview+1), 413, "longer than"},
		"another method":          {"GET", "/validate", "", 404, ""},
		"the REST interface":      {"POST", "/v1/evaluations", "{}", 404, ""},
		"health":                  {"GET", "/healthz", "", 200, "ok"},
	} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s: %d %.100s", name, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "/data") {
			t.Errorf("%s: the answer holds a cause: %s", name, w.Body)
		}
	}
	s, _ := newServer(t, Options{Metrics: m})
	_, _ = call(t, s, http.MethodGet, "/metrics", "")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`imagegate_admission_reviews_total{outcome="allowed",path="/validate"} 1`, `imagegate_admission_reviews_total{outcome="error",path="/validate"} 2`, "imagegate_break_glass_total 1",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestAReviewEndsBeforeTheApiServerStopsWaiting(t *testing.T) {
	for query, want := range map[string]time.Duration{"?timeout=1s": 900 * time.Millisecond, "": reviewTime, "?timeout=-1s": reviewTime, "?timeout=1h": reviewTime, "?timeout=x": reviewTime} {
		e := echo{deadline: make(chan time.Duration, 1)}
		NewAdmission(e, NewMetrics(), nil).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/validate"+query, strings.NewReader("x")))
		if got := <-e.deadline; got > want || got < want-5*time.Second/10-time.Second {
			t.Errorf("%q gives %s, want about %s", query, got, want)
		}
	}
}

// pairIn writes a certificate pair and gives its authority.
func pairIn(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	files, err := SelfSigned([]string{"127.0.0.1", "gate.ns.svc"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, pem := range files {
		if err := os.WriteFile(filepath.Join(dir, name), pem, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(files["ca.crt"])
	return pool
}

func TestARenewedCertificateIsShownWithoutARestartAndABrokenOneIsNot(t *testing.T) {
	dir := t.TempDir()
	first := pairIn(t, dir)
	cert, err := NewCertificate(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cert.now = func() time.Time { return now }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- NewAdmission(echo{}, NewMetrics(), nil).ServeTLS(ctx, l, cert, time.Second) }()
	ask := func(pool *x509.CertPool) error {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
		defer c.CloseIdleConnections()
		r, err := c.Post("https://"+l.Addr().String()+"/validate", "application/json", strings.NewReader("x"))
		if err != nil {
			return err
		}
		defer func() { _ = r.Body.Close() }()
		if body, _ := io.ReadAll(r.Body); string(body) != "x" || r.ProtoMajor != 2 {
			t.Errorf("%s %s", r.Proto, body)
		}
		return nil
	}
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	age := func() { // files of the same second look alike to some file systems
		for _, f := range []string{"tls.crt", "tls.key"} {
			now = now.Add(lookAgain)
			if err := os.Chtimes(filepath.Join(dir, f), now, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	second := pairIn(t, dir)
	age()
	if err := ask(second); err != nil {
		t.Errorf("the renewed certificate is not shown: %v", err)
	}
	if err := ask(first); err == nil {
		t.Error("the old certificate is still shown")
	}
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	age()
	if err := ask(second); err != nil {
		t.Errorf("a broken file took the webhook down: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCallersOfTheWebhookCanBeHeldToAnAuthority(t *testing.T) {
	dir := t.TempDir()
	pairIn(t, dir)
	if _, err := NewCertificate(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "tls.key"), nil); gate.CodeOf(err) != gate.CodeInvalid {
		t.Errorf("a key as authority: %v", err)
	}
	if _, err := NewCertificate(filepath.Join(dir, "absent"), filepath.Join(dir, "tls.key"), "", nil); gate.CodeOf(err) != gate.CodeInvalid || !strings.Contains(err.Error(), "absent") {
		t.Errorf("no certificate: %v", err)
	}
	cert, err := NewCertificate(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cert.config(tls.RequireAndVerifyClientCert).GetConfigForClient(nil)
	if err != nil || c.ClientAuth != tls.RequireAndVerifyClientCert || c.ClientCAs == nil {
		t.Errorf("callers are not asked for a certificate: %v", err)
	}
}
