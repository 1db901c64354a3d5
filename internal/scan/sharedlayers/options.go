package sharedlayers

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/imagegate/imagegate/internal/gate"
)

// Options configure a Cache.
type Options struct {
	// URL is redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS;
	// all but the host may be left out.
	URL string
	// Password counts instead of the URL's, where there is one.
	Password string
	// Roots are the authorities of a rediss server; nil: the system's.
	Roots *x509.CertPool
	// Key is the MAC's: KeySize bytes that all replicas know and Redis does not.
	Key []byte
	// Count is told each outcome; nil: nobody is.
	Count  func(Outcome)
	Logger *slog.Logger
}

// New makes a Cache. It connects when it is first used: a Redis that is away
// keeps no gate from starting. The error is CodeInvalid, and never shows a
// password.
func New(o Options) (*Cache, error) {
	if len(o.Key) != KeySize {
		return nil, gate.NewError(gate.CodeInternal, fmt.Sprintf("the key of shared layers has %d bytes, expected %d", len(o.Key), KeySize), nil)
	}
	server, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	server.Password = cmp.Or(o.Password, server.Password)
	if server.TLSConfig != nil {
		server.TLSConfig.RootCAs = o.Roots
	}
	server.DialTimeout, server.ReadTimeout, server.WriteTimeout, server.PoolTimeout = dialPatience, patience, patience, patience
	server.ContextTimeoutEnabled = true
	// A connection that a restarted server no longer knows is found by using
	// it; after the rest that follows, the others are too old to be used.
	server.ConnMaxIdleTime = rest / 2
	server.Dialer = guard(redis.NewDialer(server))
	// A second try would double what a slow Redis costs: the breaker knows
	// better when to try again.
	server.MaxRetries, server.DialerRetries = -1, 1
	server.PoolSize, server.PipelinePoolSize = 2*atOnce, -1
	// These would need rights that storing and reading do not.
	server.DisableIdentity = true
	server.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	// The library writes to stderr by itself what its errors say too.
	logging.Disable()
	c := &Cache{
		client: redis.NewClient(server), key: o.Key, address: server.Addr, password: server.Password,
		count: o.Count, log: o.Logger, slots: make(chan struct{}, atOnce),
		reading: breaker{doing: "reading"}, writing: breaker{doing: "storing"},
	}
	if c.count == nil {
		c.count = func(Outcome) {}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// parse reads a URL. No error holds any of it beyond host and port: a password
// may stand where a mistyped URL has its port.
func parse(text string) (*redis.Options, error) {
	invalid := func(what string) error {
		return gate.NewError(gate.CodeInvalid, "the address of shared layers "+what+": write redis://HOST:PORT/0, or rediss:// for TLS, and escape what is special in a password (or keep that in a file)", nil)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, invalid("is no URL")
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return nil, invalid("does not begin with redis:// or rediss://")
	case u.Hostname() == "":
		return nil, invalid("names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, invalid("has a ? or # in it, and takes no options")
	}
	server, err := redis.ParseURL(text)
	if err != nil {
		return nil, invalid("does not end in the number of a database")
	}
	if server.TLSConfig != nil {
		server.TLSConfig = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	}
	return server, nil
}

// mends say what to do about what Redis answers, by its first word.
var mends = map[string]string{
	"WRONGPASS":   "name the right password with --shared-layers-password-file, and its user, if it has one, in --shared-layers",
	"NOAUTH":      "give it a password with --shared-layers-password-file",
	"NOPERM":      "allow the user PING, and GETRANGE, EXPIRE and SET on imagegate:layer:*",
	"OOM":         "set its maxmemory-policy to allkeys-lru, so that old layers make room",
	"READONLY":    "it is a replica: name its primary in --shared-layers",
	"MOVED":       "it is part of a cluster: name a single Redis in --shared-layers",
	"CLUSTERDOWN": "it is part of a cluster: name a single Redis in --shared-layers",
	"LOADING":     "nothing: it reads its own data, and answers when it has",
	"MISCONF":     "look at its disk: it cannot save",
}

// explain says what is the matter with Redis, and what to do.
func (c *Cache) explain(err error) string {
	var refusal redis.Error
	var network net.Error
	mend := "check that it runs, and that --shared-layers is its address"
	text := err.Error()
	switch {
	case errors.As(err, &refusal):
		word, _, _ := strings.Cut(text, " ")
		mend = cmp.Or(mends[word], "see its log")
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		mend, text = "look at its load and the network", "no answer in time"
	}
	// Old servers, and proxies before them, repeat a command they do not
	// know, and one carries the password.
	if c.password != "" {
		text = strings.ReplaceAll(text, c.password, "…")
	}
	return fmt.Sprintf("Redis at %s: %.200q; %s", c.address, text, mend)
}
