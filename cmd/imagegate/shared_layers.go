package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/scan/sharedlayers"
	"github.com/imagegate/imagegate/server"
)

// sharedLayersOptions are the flags of the Redis through which replicas share
// what they know of layers.
type sharedLayersOptions struct {
	url          string
	passwordFile string
}

func (o *sharedLayersOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.url, "shared-layers", "", "URL of a Redis through which replicas share what they read of layers, as redis://USER@HOST:PORT/0, or rediss:// for TLS; empty: each reads for itself")
	cmd.Flags().StringVar(&o.passwordFile, "shared-layers-password-file", "", "file that holds the password for --shared-layers")
}

// open makes the cache of the flags.
func (o sharedLayersOptions) open(caBundle string, key []byte, count func(sharedlayers.Outcome), log *slog.Logger) (*sharedlayers.Cache, error) {
	var password []byte
	if o.passwordFile != "" {
		var err error
		if password, err = os.ReadFile(o.passwordFile); err != nil {
			return nil, usage("the password file of --shared-layers %s cannot be read: %v", o.passwordFile, err)
		}
		password = bytes.TrimRight(password, "\r\n")
	}
	var roots *x509.CertPool
	if caBundle != "" {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		pem, err := os.ReadFile(caBundle)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			return nil, usage("--ca-bundle %s holds no certificates that can be read", caBundle)
		}
	}
	return sharedlayers.New(sharedlayers.Options{URL: o.url, Password: string(password), Roots: roots, Key: key, Count: count, Logger: log})
}

// shareLayers lets the gate share layers if it is told to. A Redis that is away
// is a line in the log.
func (a *app) shareLayers(ctx context.Context, o appOptions) error {
	if o.shared.url == "" {
		if o.shared.passwordFile != "" {
			return usage("--shared-layers-password-file is of use with --shared-layers only")
		}
		return nil
	}
	key, err := a.store.SharedKey(ctx, "layers")
	if err != nil {
		return err
	}
	count := func(outcome sharedlayers.Outcome) { a.metrics.LayerShared(string(outcome)) }
	if a.shared, err = o.shared.open(o.caBundle, key, count, a.log); err != nil {
		return err
	}
	a.closers = append(a.closers, func() { _ = a.shared.Close() })
	if a.shared.Reachable(ctx) == nil {
		a.log.Info("layers are shared", "redis", a.shared.Address())
	}
	return nil
}

// fetchLayers brings what other replicas read into this one's cache; nil where
// nothing is shared.
func (a *app) fetchLayers(cache *layercache.Dir) func(context.Context, string, []string) {
	if a.shared == nil {
		return nil
	}
	return func(ctx context.Context, generation string, diffIDs []string) {
		a.shared.Fill(ctx, cache, generation, diffIDs)
	}
}

// keepLayer keeps what a worker read, and shares it.
func (a *app) keepLayer(cache *layercache.Dir) func(context.Context, string, string, []byte) error {
	return func(ctx context.Context, generation, diffID string, data []byte) error {
		a.metrics.LayerRead()
		if err := cache.Put(generation, diffID, data); err != nil || a.shared == nil {
			return err
		}
		_ = a.shared.Put(ctx, generation, diffID, data) // it counts, and logs that Redis is away
		return nil
	}
}

// sharedLayersReady tells of a Redis that is away, which takes nothing away.
func sharedLayersReady(ctx context.Context, shared *sharedlayers.Cache) server.Component {
	c := server.Component{Name: "shared-layers", Ready: true, Detail: "reachable"}
	if err := shared.Reachable(ctx); err != nil {
		c.Detail = "not reachable, layers are read from their registries: " + err.Error()
	}
	return c
}

func lookAtSharedLayers(ctx context.Context, p *patient) diagnosis {
	if p.shared.url == "" {
		return diagnosis{}
	}
	// Nothing is read or written, so that any key will do.
	shared, err := p.shared.open(p.caBundle, make([]byte, sharedlayers.KeySize), nil, p.log)
	if err != nil {
		return wrong(err, "")
	}
	defer func() { _ = shared.Close() }()
	began := time.Now()
	if err := shared.Reachable(ctx); err != nil {
		return ill(ailing, "until then each replica reads layers for itself", "%v", err)
	}
	return fine("Redis at %s answers in %s", shared.Address(), time.Since(began).Round(10*time.Microsecond))
}
