package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxWait bounds how long one retry waits, whatever Retry-After says.
const maxWait = 20 * time.Second

// newTransport makes the transport under all requests: bounded in every phase,
// trying again what may pass.
func newTransport(o Options) (http.RoundTripper, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if o.CABundle != "" {
		pem, err := os.ReadFile(o.CABundle)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			return nil, gate.NewError(gate.CodeInvalid, fmt.Sprintf("the CA bundle %s holds no certificates that can be read", o.CABundle), err)
		}
	}
	plain := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: o.Timeout,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   8,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		// Layers are compressed already, and digests are of what is sent.
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
	if o.Guard {
		plain.DialContext = guardedDial(o.Insecure)
	}
	var wire http.RoundTripper = plain
	if o.Observe != nil {
		wire = o.Observe(plain)
	}
	if o.Retries < 0 {
		return wire, nil
	}
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: wire, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the layers above follow redirects
	}}
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = o.Retries, 200*time.Millisecond, maxWait
	client.Logger = nil
	client.Backoff = func(minimum, maximum time.Duration, attempt int, r *http.Response) time.Duration {
		return min(retryablehttp.DefaultBackoff(minimum, maximum, attempt, r), maxWait)
	}
	client.CheckRetry = func(ctx context.Context, r *http.Response, err error) (bool, error) {
		if errors.Is(err, http.ErrSchemeMismatch) {
			return false, err // a registry on loopback that speaks plain HTTP
		}
		if refusedAddress(err) != nil {
			return false, err // it stays forbidden
		}
		again, err := retryablehttp.DefaultRetryPolicy(ctx, r, err)
		if again && r != nil {
			o.Logger.Debug("registry request is tried again", "host", r.Request.URL.Host, "status", r.StatusCode)
		}
		return again, err
	}
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &retryablehttp.RoundTripper{Client: client}, nil
}

// plainGuard refuses plain HTTP to hosts that are not meant to speak it:
// go-containerregistry falls back to it for private addresses.
type plainGuard struct {
	next    http.RoundTripper
	allowed func(host string) bool
}

func (g *plainGuard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "http" && !g.allowed(r.URL.Host) {
		return nil, fmt.Errorf("plain HTTP to %s is not allowed: configure it with --insecure-registry", r.URL.Host)
	}
	return g.next.RoundTrip(r)
}
