package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/scan"
	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/worker"
)

// newWorker is what the gate starts to read layers; people have no use for it.
func newWorker() *cobra.Command {
	var o appOptions
	var temp, cache string
	cmd := &cobra.Command{
		Use: "worker", Short: "Read layers for another process", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd)
			if err != nil {
				return err
			}
			database, err := filepath.EvalSymlinks(o.db)
			if err != nil {
				database = o.db // the analyzer says what is wrong
			}
			readable := []string{database, cache}
			if o.javaDB != "" {
				readable = append(readable, o.javaDB)
			}
			if o.caBundle != "" {
				readable = append(readable, filepath.Dir(o.caBundle))
			}
			if err := worker.Sandbox(temp, readable); err != nil {
				log.Warn("worker runs without a file system sandbox", "error", err)
			}
			tune(workerGCPercent)
			link := worker.NewLink(os.Stdin, os.Stdout)
			analyzer, err := scan.New(scan.Options{Database: database, JavaDatabase: o.javaDB, Cache: linkCache{layercache.New(cache), link}, Logger: log})
			if err != nil {
				return err
			}
			return worker.Serve(cmd.Context(), link, worker.ServeOptions{Analyzer: analyzer, Image: imageFrom(o, log)})
		},
	}
	registryFlags(cmd, &o)
	cmd.Flags().StringVar(&o.db, "db", "", "database directory")
	cmd.Flags().StringVar(&o.javaDB, "java-db", "", "directory of the Java database")
	cmd.Flags().StringVar(&temp, "temp", "", "temporary directory")
	cmd.Flags().StringVar(&cache, "cache", "", "layer cache, read only")
	return cmd
}

// linkCache reads the cache's files and hands what is new to the parent.
type linkCache struct {
	*layercache.Dir
	link *worker.Link
}

func (c linkCache) Put(generation, diffID string, data []byte) error {
	return c.link.Keep(generation, diffID, data)
}

// imageFrom rebuilds a job's image with a registry client that knows the
// credentials of that job and no others.
func imageFrom(o appOptions, log *slog.Logger) func(repository, digest string, rawManifest, rawConfig, credentials []byte) (gate.Image, error) {
	return func(repository, digest string, rawManifest, rawConfig, credentials []byte) (gate.Image, error) {
		var auth authn.AuthConfig
		if len(credentials) > 0 {
			if err := json.Unmarshal(credentials, &auth); err != nil {
				return gate.Image{}, gate.NewError(gate.CodeInternal, "the job's credentials cannot be read", nil)
			}
		}
		client, err := registry.New(registry.Options{
			Insecure: o.insecure, CABundle: o.caBundle, UserAgent: "imagegate/" + version, Logger: log, Keychain: oneKey{auth}, Guard: o.guard,
		})
		if err != nil {
			return gate.Image{}, err
		}
		evidence, err := registry.ImageEvidence(rawManifest, rawConfig, digest)
		if err != nil {
			return gate.Image{}, err
		}
		return gate.Image{
			Repository: repository, Digest: digest, RawManifest: rawManifest, RawConfig: rawConfig,
			Evidence: evidence, Blobs: client.Blobs(repository),
		}, nil
	}
}

// oneKey is a keychain that holds one set of credentials.
type oneKey struct{ auth authn.AuthConfig }

func (k oneKey) Resolve(authn.Resource) (authn.Authenticator, error) {
	if k.auth == (authn.AuthConfig{}) {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(k.auth), nil
}
