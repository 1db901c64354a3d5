package registry

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/imagegate/imagegate/internal/gate"
)

// Options configure a Client; the zero value is usable.
type Options struct {
	// Insecure are registry hosts (host or host:port) that speak plain HTTP;
	// loopback addresses always may.
	Insecure []string
	// Guard refuses connections to loopback, link-local and metadata
	// addresses, except of Insecure's hosts: for gates that strangers may ask.
	Guard bool
	// CABundle is a PEM file of authorities trusted beside the system's.
	CABundle string
	// Timeout bounds one small request, and the silence between two bytes
	// of a layer. Default 30 s.
	Timeout time.Duration
	// Retries is how often a request is tried again after 429, 5xx or a
	// broken connection. Default 4, negative none.
	Retries int
	// Keychain finds credentials; nil means DefaultKeychain.
	Keychain authn.Keychain
	// MaxManifest and MaxConfig bound those objects in bytes. Default 4 and
	// 8 MiB.
	MaxManifest, MaxConfig int64
	UserAgent              string
	// BaseHistory remembers base images; nil: only this hour's are known.
	BaseHistory BaseHistory
	Logger      *slog.Logger
	// Observe is put around the transport that sends each single request,
	// repeated ones too; nil: nothing is.
	Observe func(http.RoundTripper) http.RoundTripper
}

// Client implements gate.Resolver and gate.Bases. It is safe for concurrent
// use.
type Client struct {
	Options
	base http.RoundTripper
	// transports hold one authenticated transport a repository, so that a
	// second look-up costs neither ping nor token.
	transports *expirable.LRU[string, *transport.Wrapper]
	bases      *expirable.LRU[string, []gate.KnownBase]
}

// New makes a client. The error is CodeInvalid and names the CA bundle.
func New(o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Retries == 0 {
		o.Retries = 4
	}
	if o.MaxManifest <= 0 {
		o.MaxManifest = 4 << 20
	}
	if o.MaxConfig <= 0 {
		o.MaxConfig = 8 << 20
	}
	if o.Keychain == nil {
		o.Keychain = DefaultKeychain()
	}
	if o.UserAgent == "" {
		o.UserAgent = "imagegate"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	base, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	c := &Client{
		Options:    o,
		transports: expirable.NewLRU[string, *transport.Wrapper](256, nil, 10*time.Minute),
		bases:      expirable.NewLRU[string, []gate.KnownBase](1024, nil, baseMemory),
	}
	if o.Guard {
		base = &literalGuard{next: base, allowed: o.Insecure}
	}
	c.base = &plainGuard{next: base, allowed: c.PlainHTTP}
	return c, nil
}

// PlainHTTP reports whether a registry host may be spoken to without TLS.
func (c *Client) PlainHTTP(host string) bool {
	bare := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		bare = h
	}
	if slices.Contains(c.Insecure, host) || slices.Contains(c.Insecure, bare) {
		return true
	}
	if bare == "localhost" || strings.HasSuffix(bare, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(bare, "[]"))
	return err == nil && addr.IsLoopback()
}

// repository parses a repository name with the right scheme for its host.
func (c *Client) repository(repository string) (name.Repository, error) {
	repo, err := name.NewRepository(repository)
	if err == nil && c.PlainHTTP(repo.RegistryStr()) {
		repo, err = name.NewRepository(repository, name.Insecure)
	}
	if err != nil {
		return repo, gate.NewError(gate.CodeInvalid, "the repository "+repository+" cannot be used", err)
	}
	return repo, nil
}

// transport returns the authenticated transport of a repository, pinging the
// registry the first time.
func (c *Client) transport(ctx context.Context, repo name.Repository) (*transport.Wrapper, error) {
	if t, ok := c.transports.Get(repo.Name()); ok {
		return t, nil
	}
	auth, err := authn.Resolve(ctx, c.Keychain, repo)
	if err != nil {
		return nil, gate.NewError(gate.CodeUnauthorized, "no credentials can be read for "+repo.Name()+": check the Docker configuration", err)
	}
	t, err := transport.NewWithContext(ctx, repo.Registry, auth, transport.NewUserAgent(c.base, c.UserAgent), []string{repo.Scope(transport.PullScope)})
	if err != nil {
		return nil, requestError(ctx, "reach registry "+repo.RegistryStr(), err)
	}
	wrapper, ok := t.(*transport.Wrapper)
	if !ok {
		return nil, gate.NewError(gate.CodeInternal, "go-containerregistry returned another kind of transport", nil)
	}
	c.transports.Add(repo.Name(), wrapper)
	return wrapper, nil
}

// Credentials returns those of one repository, empty when there are none, for
// handing to the process that reads its layers.
func (c *Client) Credentials(ctx context.Context, repository string) (authn.AuthConfig, error) {
	repo, err := c.repository(repository)
	if err != nil {
		return authn.AuthConfig{}, err
	}
	auth, err := authn.Resolve(ctx, c.Keychain, repo)
	if err != nil {
		return authn.AuthConfig{}, gate.NewError(gate.CodeUnauthorized, "no credentials can be read for "+repository+": check the Docker configuration", err)
	}
	config, err := authn.Authorization(ctx, auth)
	if err != nil {
		return authn.AuthConfig{}, gate.NewError(gate.CodeUnauthorized, "the credentials of "+repository+" cannot be used", err)
	}
	return *config, nil
}

// RemoteOptions are this client's transport and credentials for
// go-containerregistry's remote package.
func (c *Client) RemoteOptions(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(c.base), remote.WithAuthFromKeychain(c.Keychain), remote.WithUserAgent(c.UserAgent),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // the transport retries
	}
}
