package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxAnswer bounds an answer in bytes, unpacked: a verdict with 10,000
// findings has a tenth of it.
const maxAnswer = 16 << 20

// Waits between attempts: doubling from the first to the second, with jitter,
// so that many pipelines do not come back at once. A gate that says when to
// come back is believed up to maxRetryAfter.
const (
	firstWait     = 500 * time.Millisecond
	lastWait      = 15 * time.Second
	maxRetryAfter = time.Minute
)

const idempotencyKey = "Idempotency-Key"

// errTooLarge is an answer above maxAnswer.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB: no gate says that much", maxAnswer>>20)

// newTransport trusts the authorities of roots; nil is the system's.
func newTransport(roots *x509.CertPool) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.MaxResponseHeaderBytes = 64 << 10
	return transport
}

// newHTTP makes the client of one attempt, which may take timeout.
func newHTTP(transport http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: transport, Timeout: timeout,
		// The gate redirects nowhere, and its token is for nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// caller sends requests until they are answered or their context ends. Every
// POST goes out again under the Idempotency-Key it had: evaluations bring their
// own, and what has none gets one, though signing and rescanning leave the same
// state without.
type caller struct {
	http   *http.Client
	server string
	notice func(string)
}

// Do implements client.HttpRequestDoer. The answer's body is read within the
// attempt, so a connection that is cut in its middle is one that failed.
func (c *caller) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.Header.Get(idempotencyKey) == "" {
		r.Header.Set(idempotencyKey, uuid.NewString())
	}
	req, err := retryablehttp.FromRequest(r)
	if err != nil {
		return nil, err
	}
	req.SetResponseHandler(readAnswer)
	trouble := ""
	retry := retryablehttp.Client{
		HTTPClient: c.http, RetryWaitMin: firstWait, RetryWaitMax: lastWait, RetryMax: math.MaxInt, Backoff: backoff,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			reason, again := mayPass(resp, err)
			if !again {
				return false, err
			}
			trouble = reason
			c.notice(fmt.Sprintf("%s: %s; trying again", c.server, reason))
			return true, nil
		},
		ErrorHandler: func(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err },
	}
	resp, err := retry.Do(req)
	if err != nil && trouble != "" {
		return nil, &lastTrouble{trouble, err}
	}
	return resp, err
}

// lastTrouble is a call that ended while it was tried again.
type lastTrouble struct {
	reason string
	cause  error
}

func (e *lastTrouble) Error() string { return e.reason }
func (e *lastTrouble) Unwrap() error { return e.cause }

func readAnswer(r *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	_ = r.Body.Close()
	if err == nil && len(data) > maxAnswer {
		data, err = nil, errTooLarge
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	return err
}

// mayPass says whether the same request may be answered later, and what stands
// in its way now.
func mayPass(resp *http.Response, err error) (reason string, again bool) {
	if err != nil {
		return cause(err).Error(), !permanent(err)
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	case http.StatusBadGateway:
		// The gate's own 502 says that a registry refuses its credentials; a
		// proxy's says that the gate is away.
		if isProblem(resp) {
			return "", false
		}
	default:
		return "", false
	}
	reason = "it answers " + resp.Status
	if err := readAnswer(resp); err == nil && isProblem(resp) {
		if p, ok := problemOf(resp); ok && p.Detail != nil {
			reason += ": " + *p.Detail
		}
	}
	return printable(short(reason, 300)), true
}

// permanent is an error that trying again will not mend: a name that does not
// exist, a certificate nobody vouches for, a server that speaks something else.
func permanent(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var own *gate.Error
	switch {
	case errors.As(err, &own): // there is no token to ask with
		return true
	case errors.Is(err, errTooLarge), errors.As(err, &certificate), errors.As(err, &record), refusedCertificate(err) != "":
		return true
	case errors.As(err, &dns) && dns.IsNotFound:
		return true
	}
	return strings.Contains(err.Error(), "malformed HTTP") || strings.Contains(err.Error(), "HTTP response to HTTPS client")
}

// backoff is retryablehttp's with jitter and a bound on what a server may ask.
func backoff(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(retryablehttp.DefaultBackoff(first, last, attempt, resp), maxRetryAfter)
	if resp != nil && resp.Header.Get("Retry-After") != "" {
		return wait + rand.N(wait/4+1) //nolint:gosec // jitter, no secret
	}
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter, no secret
}
