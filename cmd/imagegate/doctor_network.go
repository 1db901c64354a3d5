package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// lookAtRegistry resolves the image, as an evaluation begins.
func lookAtRegistry(ctx context.Context, p *patient) diagnosis {
	if p.image == "" {
		return diagnosis{}
	}
	ref, err := gate.ParseReference(p.image)
	if err != nil {
		return wrong(err, "")
	}
	if ref.Scheme != gate.SchemeRegistry {
		return ill(unseen, "name an image of a registry with --image", "%s is not in a registry", p.image)
	}
	o := p.appOptions
	o.observe = func(next http.RoundTripper) http.RoundTripper { return clock{p, next} }
	client, err := newRegistry(o, p.log, nil)
	if err != nil {
		return wrong(err, "")
	}
	began := time.Now()
	resolved, err := client.Resolve(ctx, ref, nil)
	if err != nil {
		mend := "check the network, --insecure-registry and --ca-bundle"
		switch gate.CodeOf(err) {
		case gate.CodeUnauthorized:
			mend = "log in (docker login, or DOCKER_CONFIG), as the gate's user"
		case gate.CodeNotFound:
			mend = "name an image that is there with --image"
		}
		return wrong(err, mend)
	}
	return fine("%s is %s, resolved in %s", p.image, resolved.Digest, time.Since(began).Round(time.Millisecond))
}

// clock reads the Date of each answer (RFC 9110, section 6.6.1).
type clock struct {
	p    *patient
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c clock) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := c.p.now()
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return response, err
	}
	if date, parsed := http.ParseTime(response.Header.Get("Date")); parsed == nil {
		skew := date.Sub(asked.Add(c.p.now().Sub(asked) / 2))
		c.p.skew.Store(&skew)
	}
	return response, nil
}

// Certificates, tokens and the life of verdicts bear a little skew.
const (
	someSkew = time.Minute
	muchSkew = 5 * time.Minute
)

func lookAtClock(_ context.Context, p *patient) diagnosis {
	measured := p.skew.Load()
	if measured == nil {
		return diagnosis{}
	}
	skew := measured.Abs().Round(time.Second)
	const mend = "let NTP set the clock of this machine, or the registry's"
	switch {
	case skew > muchSkew:
		return ill(failing, mend, "this machine and the registry differ by %s: verdicts and certificates count too long, or not at all", skew)
	case skew > someSkew:
		return ill(ailing, mend, "this machine and the registry differ by %s", skew)
	}
	return fine("differs from the registry's by %s", skew)
}

// get asks the service for a path; its body is read up to a bound.
func (p *patient) get(ctx context.Context, path, token string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.server, "/")+path, nil)
	if err != nil {
		return 0, nil, usage("--server %s: %v", p.server, err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	return response.StatusCode, body, err
}

func lookAtServer(ctx context.Context, p *patient) diagnosis {
	if p.server == "" {
		return diagnosis{}
	}
	status, body, err := p.get(ctx, "/readyz", "")
	if err != nil {
		return wrong(err, "does it run, and is --server its address?")
	}
	var said struct {
		Components []struct {
			Name   string `json:"name"`
			Ready  bool   `json:"ready"`
			Detail string `json:"detail"`
		} `json:"components"`
	}
	_ = json.Unmarshal(body, &said) // without it the status is left
	var missing []string
	for _, c := range said.Components {
		if !c.Ready {
			missing = append(missing, fmt.Sprintf("%.60s: %.300s", c.Name, c.Detail))
		}
	}
	if status != http.StatusOK {
		return ill(failing, "mend what is missing; the log says more", "it is not ready (status %d) %s", status, strings.Join(missing, "; "))
	}
	return fine("ready, %d parts", len(said.Components))
}

func lookAtMetrics(ctx context.Context, p *patient) diagnosis {
	if p.server == "" {
		return diagnosis{}
	}
	status, body, err := p.get(ctx, "/metrics", "")
	switch {
	case err != nil:
		return wrong(err, "does it run, and is --server its address?")
	case status != http.StatusOK || !bytes.Contains(body, []byte("\nimagegate_")):
		return ill(ailing, "let Prometheus reach /metrics", "/metrics answers with status %d and no metrics of the gate", status)
	}
	return fine("/metrics answers, %d lines", bytes.Count(body, []byte("\n")))
}

// nobody is an evaluation there never is: who may ask is told that.
const nobody = "/v1/evaluations/00000000-0000-7000-8000-000000000000"

// lookAtToken asks with and without it.
func lookAtToken(ctx context.Context, p *patient) diagnosis {
	if p.server == "" {
		return diagnosis{}
	}
	open, _, err := p.get(ctx, nobody, "")
	if err != nil {
		return wrong(err, "does it run, and is --server its address?")
	}
	asksFor := open == http.StatusUnauthorized
	if p.tokenFile == "" {
		if asksFor {
			return ill(unseen, "name its file with --token-file", "the service asks for a token, and none was given")
		}
		return fine("the service asks for none (it listens on loopback only)")
	}
	token, err := readToken(p.tokenFile, "")
	if err != nil {
		return wrong(err, "")
	}
	status, _, err := p.get(ctx, nobody, token)
	switch {
	case err != nil:
		return wrong(err, "does it run, and is --server its address?")
	case status == http.StatusUnauthorized:
		return ill(failing, "give callers the token serve was started with (--token-file), without a restart in between", "the service refuses the token of %s", p.tokenFile)
	case status == http.StatusForbidden:
		return ill(ailing, "give it the right, if it is meant to read evaluations", "the service knows the token, and does not let it read evaluations")
	case !asksFor:
		return ill(ailing, "start serve with --token-file", "the service answers without a token too")
	case status != http.StatusNotFound && status != http.StatusOK:
		return ill(failing, "the service's log says more", "the service answers with status %d", status)
	}
	return fine("accepted, and needed")
}

// A certificate is renewed well before it ends, by whoever renews it.
const (
	renewSoon = 21 * 24 * time.Hour
	renewNow  = 3 * 24 * time.Hour
)

func lookAtCertificate(ctx context.Context, p *patient) diagnosis {
	if p.admission == "" {
		return diagnosis{}
	}
	host, _, err := net.SplitHostPort(p.admission)
	if err != nil {
		return ill(unseen, "write --admission as host:port", "%v", err)
	}
	// It is looked at, not relied on: the cluster has the authority to verify
	// it by.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host, MinVersion: tls.VersionTLS12}} //nolint:gosec // no word of it is believed
	c, err := dialer.DialContext(ctx, "tcp", p.admission)
	if err != nil {
		return wrong(err, "does serve run with --admission-listen, and is --admission its address?")
	}
	defer func() { _ = c.Close() }()
	chain := c.(*tls.Conn).ConnectionState().PeerCertificates
	left := chain[0].NotAfter.Sub(p.now())
	const mend = "renew it: cert-manager, deploy/certificate.sh, or imagegate admission cert"
	switch {
	case p.now().Before(chain[0].NotBefore):
		return ill(failing, "set the clock, or make it anew", "it counts from %s on", chain[0].NotBefore.Format(time.RFC3339))
	case left <= 0:
		return ill(failing, mend, "it ended at %s", chain[0].NotAfter.Format(time.RFC3339))
	case left < renewNow:
		return ill(failing, mend, "it ends in %s", left.Round(time.Hour))
	case left < renewSoon:
		return ill(ailing, mend, "it ends in %d days", left/(24*time.Hour))
	}
	return fine("counts for %d more days, for %s", left/(24*time.Hour), strings.Join(chain[0].DNSNames, ", "))
}
