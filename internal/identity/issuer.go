package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/imagegate/imagegate/internal/gate"
)

// How long an issuer's keys are used, and how often it is asked.
const (
	freshKeys   = 15 * time.Minute // after that they are fetched again
	staleKeys   = 24 * time.Hour   // after that they no longer count
	betweenAsks = 10 * time.Second // whatever tokens are sent
	askTime     = 10 * time.Second
)

// issuer is one OpenID Connect issuer with the keys it publishes.
type issuer struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex // guards what follows, and is held while asking: one request asks
	keys    keySet
	fetched time.Time // the keys
	asked   time.Time // last, in vain or not
	problem error     // of that
}

// newClient makes the client by which issuers are asked. It follows no
// redirect: where keys come from is what the rights file says.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, Timeout: askTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// find returns the keys that may have made a signature. A key that is not known
// may be a new one, so the issuer is asked, at most once in betweenAsks. None
// means that the issuer has none such; CodeUnavailable that it cannot be told.
func (i *issuer) find(ctx context.Context, kid, algorithm string) (keySet, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if now.Sub(i.fetched) > staleKeys {
		i.keys = nil
	}
	found := i.keys.named(kid, algorithm)
	if (len(found) > 0 || i.keys.has(kid)) && now.Sub(i.fetched) <= freshKeys {
		return found, nil
	}
	if now.Sub(i.asked) >= betweenAsks {
		// Whoever waits for the answer after this caller has gone wants it too.
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		keys, err := i.fetch(asking)
		i.asked, i.problem = now, err
		if err == nil {
			i.keys, i.fetched = keys, now
		}
		if found = i.keys.named(kid, algorithm); err == nil {
			return found, nil
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case i.problem != nil:
		return nil, gate.NewError(gate.CodeUnavailable, "the issuer "+i.url+" does not give its keys: try again", i.problem)
	}
	return nil, gate.NewError(gate.CodeUnavailable, "the key that signed the token is not known, and the issuer "+i.url+" was asked a moment ago: try again", nil)
}

// fetch asks for the discovery document, and for the keys where it says they
// are.
func (i *issuer) fetch(ctx context.Context) (keySet, error) {
	var d struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	data, err := i.get(ctx, strings.TrimSuffix(i.url, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, errors.New("its discovery document is not JSON")
	}
	if d.Issuer != i.url {
		return nil, fmt.Errorf("its discovery document is that of %.200q", d.Issuer)
	}
	if u, err := url.Parse(d.Keys); err != nil || !overTLS(u) {
		return nil, fmt.Errorf("its jwks_uri %.200q is no https URL", d.Keys)
	}
	if data, err = i.get(ctx, d.Keys); err != nil {
		return nil, err
	}
	return parseKeySet(data)
}

func (i *issuer) get(ctx context.Context, from string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := i.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%.200s answers %d", from, answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	if err == nil && len(data) > maxKeySet {
		err = fmt.Errorf("%.200s answers with more than %d bytes", from, maxKeySet)
	}
	return data, err
}

// overTLS allows https, and http to this machine.
func overTLS(u *url.URL) bool {
	if u.Scheme == "https" {
		return u.Host != ""
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || (err == nil && addr.IsLoopback()))
}

// issuers keeps those that were asked. Only issuers that a rights file pins get
// in, so there are few.
type issuers struct {
	client *http.Client
	now    func() time.Time
	mu     sync.Mutex // guards known
	known  map[string]*issuer
}

func newIssuers(now func() time.Time) *issuers {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: askTime}).DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: askTime, MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
	}
	return &issuers{client: newClient(transport), now: now, known: map[string]*issuer{}}
}

func (s *issuers) of(url string) *issuer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[url] == nil {
		s.known[url] = &issuer{url: url, client: s.client, now: s.now}
	}
	return s.known[url]
}
