package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/server"
)

// post asks the service and decodes its answer.
func (s *service) post(t *testing.T, path string, body, into any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.url+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	answer, _ := io.ReadAll(r.Body)
	if r.StatusCode >= 300 {
		t.Fatalf("%s: %s %s", path, r.Status, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatal(err)
	}
}

// webhookService is a service with a webhook, and a client that trusts it.
func webhookService(t *testing.T, dir, key string) (s *service, webhook string, client *http.Client) {
	t.Helper()
	files, err := server.SelfSigned([]string{"127.0.0.1"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free in a moment
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("the-password-of-the-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	s = startService(t, dir, "--key", key, "--key-password-file", password,
		"--admission-listen", address, "--admission-cert", filepath.Join(dir, "tls.crt"), "--admission-cert-key", filepath.Join(dir, "tls.key"))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(files["ca.crt"])
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}, Timeout: 10 * time.Second}
	return s, "https://" + address, client
}

func TestAClusterIsHeldToWhatServeDecided(t *testing.T) {
	dir, key := prepared(t)
	h, references := newHeld(t, 2)
	s, webhook, client := webhookService(t, dir, key)
	v := s.verdict(t, s.ask(t, references[0]))
	if v.Decision != gate.Pass {
		t.Fatalf("%+v", v)
	}
	review := func(image string) (allowed bool, answer string) {
		body := fmt.Sprintf(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","kind":{"version":"v1","kind":"Pod"},"object":{"kind":"Pod","spec":{"containers":[{"name":"a","image":%q}]}}}}`, image)
		r, err := client.Post(webhook+"/validate?timeout=5s", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		text, _ := io.ReadAll(r.Body)
		return strings.Contains(string(text), `"allowed":true`), string(text)
	}
	pinned := strings.TrimSuffix(references[0], ":1") + "@" + v.Digest
	if allowed, answer := review(pinned); !allowed {
		t.Errorf("what passed is refused: %s", answer)
	}
	if allowed, answer := review(references[1]); allowed || !strings.Contains(answer, "never decided") {
		t.Errorf("what nobody asked about: %s", answer)
	}

	var verification gate.Verification
	s.post(t, "/v1/verifications", map[string]string{"image": references[0]}, &verification)
	if !verification.Accepted || verification.Digest != v.Digest {
		t.Errorf("%+v", verification)
	}
	var report gate.WorkloadReport
	s.post(t, "/v1/workloads:check", map[string]string{"manifests": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: \"" + pinned + "\"}, {name: b, image: \"" + references[1] + "\"}]}\n"}, &report)
	if len(report.Images) != 2 || !report.Images[0].Allowed || report.Images[1].Allowed || len(report.Findings) == 0 {
		t.Errorf("%+v", report)
	}

	// A newer database, and everything decided again without a layer pulled.
	if err := demo.WriteDatabase(filepath.Join(dir, "newer"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"trivy.db", "metadata.json"} { // the old file is open
		if err := os.Rename(filepath.Join(dir, "newer", f), filepath.Join(dir, "db", f)); err != nil {
			t.Fatal(err)
		}
	}
	h.hold.Store(true) // a layer that were asked for would not come
	var r gate.Rescan
	s.post(t, "/v1/rescans", map[string]string{}, &r)
	eventually(t, "the rescan ends", func() bool {
		answer, err := http.Get(s.url + "/v1/rescans/" + r.ID + "?wait=5")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		r = gate.Rescan{ID: r.ID}
		return json.NewDecoder(answer.Body).Decode(&r) == nil && r.State == gate.Done
	})
	if r.Total != 1 || r.Passed != 1 {
		t.Errorf("%+v", r)
	}
	if allowed, answer := review(pinned); !allowed {
		t.Errorf("after the rescan: %s", answer)
	}
}
