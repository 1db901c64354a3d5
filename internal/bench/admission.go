package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/store"
	"github.com/imagegate/imagegate/server"
)

// The load of the admission rows.
const (
	verdicts = 100_000
	rate     = 1000 // reviews a second
	seconds  = 10
)

// admission asks the webhook about pods of decided digests, straight at its
// server, beside the same number of requests to its /healthz: what the machine,
// TLS and HTTP cost without the gate.
func (b *bench) admission() error {
	data := filepath.Join(b.dir, "admission")
	if err := b.decide(data); err != nil {
		return err
	}
	files, err := server.SelfSigned([]string{"127.0.0.1"}, time.Now(), time.Hour)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(data, name), text, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(b.ctx, b.gate, "serve", "--listen", "127.0.0.1:0", "--data", data, "--db", b.db, "--log-level", "warn",
		"--admission-listen", "127.0.0.1:0", "--admission-cert", filepath.Join(data, "tls.crt"), "--admission-cert-key", filepath.Join(data, "tls.key"))
	s, err := startWebhook(b, cmd)
	if err != nil {
		return err
	}
	defer s.stop()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(files["ca.crt"])
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
	if _, err := load(b.ctx, rate, 2, func(ctx context.Context, i int) error { return review(ctx, client, s.url, i) }); err != nil {
		return err // the first seconds are for warming up
	}
	floor, err := load(b.ctx, rate, seconds, func(ctx context.Context, _ int) error { return ping(ctx, client, s.url) })
	if err != nil {
		return err
	}
	took, err := load(b.ctx, rate, seconds, func(ctx context.Context, i int) error { return review(ctx, client, s.url, i) })
	if err != nil {
		return err
	}
	b.ratio(fmt.Sprintf("admission review, p50 at %d/s (peer: /healthz)", rate), at(took, 50), at(floor, 50))
	b.ratio(fmt.Sprintf("admission review, p99 at %d/s (peer: /healthz)", rate), at(took, 99), at(floor, 99))
	b.limit(fmt.Sprintf("admission review, p99, %d verdicts stored", verdicts), at(took, 99).Round(10*time.Microsecond).String(), at(took, 99) < 5*time.Millisecond, "5ms")
	rss, err := s.rss()
	if err != nil {
		return err
	}
	b.limit("memory of the service", mb(rss), rss < 512<<20, "512 MB")
	return nil
}

// ratio prints a comparison that has no budget of its own.
func (b *bench) ratio(what string, ours, peer time.Duration) {
	fmt.Printf("%-46s %10s %10s %7.3f\n", what, ours.Round(10*time.Microsecond), peer.Round(10*time.Microsecond), float64(ours)/float64(peer))
}

// startWebhook starts the service and waits for its webhook's address.
func startWebhook(b *bench, cmd *exec.Cmd) (*service, error) {
	s := &service{b: b, cmd: cmd}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.address(errs, "admission reviews on ")
}

func benchDigest(i int) string { return fmt.Sprintf("sha256:%064x", i) }

// decide stores passing verdicts, as evaluations would.
func (b *bench) decide(data string) error {
	s, err := store.Open(b.ctx, filepath.Join(data, "imagegate.db"))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	p, err := policy.NewSet("", policy.Shipped()...).Select("default", gate.Reference{})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "storing %d verdicts\n", verdicts)
	now := time.Now()
	for i := range verdicts {
		ref := gate.Reference{Scheme: gate.SchemeRegistry, Repository: fmt.Sprintf("registry.example/team-%d/app", i%500)}
		ref.Name, ref.Digest = ref.At(benchDigest(i)), benchDigest(i)
		v := gate.Verdict{APIVersion: gate.APIVersion, Kind: gate.KindVerdict, ID: fmt.Sprintf("bench-%06d", i), Image: ref.Name, Digest: ref.Digest, Decision: gate.Pass, Policy: p.Ref(), DecidedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
		r := gate.Recording{Verdict: v, Evidence: &gate.Evidence{Reference: ref, Digest: ref.Digest}}
		r.Standing = gate.StandingOf(v, r.Evidence)
		if _, err := s.Record(b.ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// load makes requests at a steady rate, however long answers take, and gives
// how long each took from when it was due, sorted. An answer that is not the
// expected one is an error.
func load(ctx context.Context, rate, seconds int, ask func(context.Context, int) error) ([]time.Duration, error) {
	n := rate * seconds
	took, errs := make([]time.Duration, n), make([]error, n)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			errs[i] = ask(ctx, i)
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

func ping(ctx context.Context, c *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return err
	}
	return answered(c, req, "ok")
}

// review asks about a pod of two containers.
func review(ctx context.Context, c *http.Client, url string, i int) error {
	image := func(i int) string {
		i = i * 7919 % verdicts
		return fmt.Sprintf("registry.example/team-%d/app@%s", i%500, benchDigest(i))
	}
	pod := map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "p", "labels": map[string]string{"app": "bench"}}, "spec": map[string]any{
		"containers": []any{map[string]any{"name": "a", "image": image(i)}, map[string]any{"name": "b", "image": image(i + 1)}},
	}}
	body, err := json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"uid": fmt.Sprint(i), "kind": map[string]string{"version": "v1", "kind": "Pod"}, "operation": "CREATE", "namespace": "bench", "object": pod,
	}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/validate?timeout=5s", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return answered(c, req, `"allowed":true`)
}

func answered(c *http.Client, req *http.Request, want string) error {
	text, err := answer(c, req)
	if err == nil && !strings.Contains(text, want) {
		err = fmt.Errorf("%s: %.300s, expected %s", req.URL, text, want)
	}
	return err
}

// answer is the body of an answer that is good.
func answer(c *http.Client, req *http.Request) (string, error) {
	r, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %.300s", req.URL, r.Status, text)
	}
	return string(text), err
}
