package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/exploit"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/registry"
	"github.com/imagegate/imagegate/internal/scan"
	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/scan/sharedlayers"
	"github.com/imagegate/imagegate/internal/scan/vulndb"
	"github.com/imagegate/imagegate/internal/sign"
	"github.com/imagegate/imagegate/internal/store"
	"github.com/imagegate/imagegate/internal/trace"
	"github.com/imagegate/imagegate/internal/worker"
	"github.com/imagegate/imagegate/server"
)

// appOptions are the flags check and serve share.
type appOptions struct {
	policy   string
	policies string // directory
	db       string
	key      string
	password string // file
	layout   string
	insecure []string
	caBundle string
	kev      string // file of exploited vulnerabilities
	epss     string // file of EPSS scores
	javaDB   string // directory
	trust    string // file of a Sigstore trusted root
	timeout  time.Duration
	workers  int
	// guard keeps callers from sending the gate to addresses of its own
	// machine and network.
	guard bool
	// signing loads the key; isolated runs Trivy in worker processes.
	signing, isolated bool
	// traced sends traces, to otlp or where OpenTelemetry's variables say.
	traced bool
	otlp   string // URL
	shared sharedLayersOptions
	// observe sees each request to a registry; nil: nobody does.
	observe func(http.RoundTripper) http.RoundTripper
}

func (o *appOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "policy by name (default, strict, guide) or file; empty lets policies choose by repository")
	f.StringVar(&o.policies, "policy-dir", "", "directory of policy files, which come before the shipped ones; serve reads them again when they change")
	f.StringVar(&o.db, "db", "", "directory of trivy.db and metadata.json; default DATA/db, which imagegate db update fills")
	f.StringVar(&o.javaDB, "java-db", "", "directory of trivy-java.db and metadata.json, by which Java archives without coordinates are named")
	f.StringVar(&o.kev, "kev", "", "file of vulnerabilities known to be exploited: CISA's KEV catalogue (JSON or CSV), or one id a line")
	f.StringVar(&o.trust, "trusted-root", "", "file of a Sigstore trusted root (trusted_root.json), by which keyless signatures of base images are verified")
	f.StringVar(&o.epss, "epss", "", "file of EPSS scores (FIRST's CSV, may be gzipped)")
	f.StringVar(&o.key, "key", "", "private key file to sign with; its password is read from COSIGN_PASSWORD")
	f.StringVar(&o.password, "key-password-file", "", "file that holds the key's password, instead of COSIGN_PASSWORD")
	f.StringVar(&o.layout, "signature-layout", "both", "sig, bundle or both")
	registryFlags(cmd, o)
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "time limit of one image's analysis")
	f.IntVar(&o.workers, "workers", 2, "how many images are analyzed at once in worker processes")
}

func registryFlags(cmd *cobra.Command, o *appOptions) {
	f := cmd.Flags()
	f.StringSliceVar(&o.insecure, "insecure-registry", nil, "registry hosts that speak plain HTTP; loopback always may")
	f.StringVar(&o.caBundle, "ca-bundle", "", "PEM file of further certificate authorities")
	f.BoolVar(&o.guard, "guard-addresses", false, "refuse registries, redirects and token realms at loopback, link-local and metadata addresses, except hosts of --insecure-registry; serve does unless it listens on loopback")
}

// app is a wired gate.
type app struct {
	service  *gate.Service
	store    *store.Store
	registry *registry.Client
	// policies is set where they come from a directory.
	policies *policy.Dir
	exploits *exploit.Files      // nil where there is no list
	shared   *sharedlayers.Cache // nil where layers are not shared
	metrics  *server.Metrics
	tracer   *trace.Tracer // nil: nobody follows
	data     string
	log      *slog.Logger
	closers  []func()
}

func (a *app) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
}

// newApp wires a gate from flags: adapters know the domain and not each other.
func newApp(cmd *cobra.Command, o appOptions) (_ *app, err error) {
	a := &app{metrics: server.NewMetrics()}
	o.observe = a.metrics.Registry
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.log, err = newLogger(cmd); err != nil {
		return nil, err
	}
	if o.traced {
		if err = a.follow(cmd.Context(), &o); err != nil {
			return nil, err
		}
	}
	a.data, _ = cmd.Flags().GetString("data")
	policies, err := a.loadPolicies(o)
	if err != nil {
		return nil, err
	}
	temp, err := scan.OpenTempDir(filepath.Join(a.data, "tmp"))
	if err != nil {
		return nil, gate.NewError(gate.CodeUnavailable, "the data directory "+a.data+" cannot be written: name another with --data", err)
	}
	a.closers = append(a.closers, func() { _ = temp.Close() })
	// Ours and Trivy's temporary files go where the next start finds them.
	if err := os.Setenv("TMPDIR", temp.Path); err != nil {
		return nil, err
	}
	if a.store, err = openStore(cmd); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() { _ = a.store.Close() })
	if a.registry, err = newRegistry(o, a.log, a.store); err != nil {
		return nil, err
	}
	if err := a.shareLayers(cmd.Context(), o); err != nil {
		return nil, err
	}
	analyzer, err := a.newAnalyzer(o, temp.Path)
	if err != nil {
		return nil, err
	}
	keys := sign.Keys{VerifyOptions: sign.VerifyOptions{Remote: a.registry.RemoteOptions, Insecure: o.insecure}}
	if o.trust != "" {
		if keys.Trust, err = sign.LoadTrust(o.trust); err != nil {
			return nil, err
		}
	}
	a.service = &gate.Service{
		Policies: policies, Resolver: a.registry, Bases: a.registry, Attachments: a.registry, Analyzer: analyzer, Store: countedStore{a.store, a.metrics},
		Keys:   keys,
		Logger: a.log, Now: time.Now, NewID: newID, Layers: a.registry.Blobs, Program: version,
	}
	a.traceSteps()
	if o.kev != "" || o.epss != "" {
		if a.exploits, err = exploit.Open(o.kev, o.epss); err != nil {
			return nil, err
		}
		a.service.Exploits = a.exploits
	}
	if o.signing {
		if err := a.useKey(o); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// useKey lets the gate sign, and recognise what it signed.
func (a *app) useKey(o appOptions) error {
	key, err := loadKey(o)
	if err != nil {
		return err
	}
	a.service.Signer, err = sign.New(sign.Options{Key: key, Layout: sign.Layout(o.layout), Remote: a.registry.RemoteOptions, Insecure: o.insecure})
	if err != nil {
		return err
	}
	verifier, err := sign.NewVerifier(key.PublicKeyPEM(), sign.VerifyOptions{Remote: a.registry.RemoteOptions, Insecure: o.insecure})
	a.service.Verifier = verifications{verifier}
	return err
}

// verifications gives the domain a verifier in its own words.
type verifications struct{ *sign.Verifier }

// Verified implements gate.Verifier.
func (v verifications) Verified(ctx context.Context, repository, digest string) (bool, string, error) {
	r, err := v.Verify(ctx, repository, digest)
	return r.Verified, r.Reason, err
}

// newID makes a UUIDv7, which sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// newRegistry makes a client that remembers base images in history; nil: not.
func newRegistry(o appOptions, log *slog.Logger, history registry.BaseHistory) (*registry.Client, error) {
	return registry.New(registry.Options{Insecure: o.insecure, CABundle: o.caBundle, UserAgent: "imagegate/" + version, Logger: log, BaseHistory: history, Guard: o.guard, Observe: o.observe})
}

func loadKey(o appOptions) (*sign.Key, error) {
	if o.key == "" {
		return nil, usage("--sign needs --key FILE: imagegate key generate makes one")
	}
	pem, err := os.ReadFile(o.key)
	if err != nil {
		return nil, usage("the signing key %s cannot be read: %v", o.key, err)
	}
	password := []byte(os.Getenv("COSIGN_PASSWORD"))
	if o.password != "" {
		if password, err = os.ReadFile(o.password); err != nil {
			return nil, usage("the key's password file %s cannot be read: %v", o.password, err)
		}
		password = bytes.TrimRight(password, "\r\n")
	}
	return sign.LoadKey(pem, password)
}

// loadPolicies reads the policies of a directory, or those --policy names.
func (a *app) loadPolicies(o appOptions) (gate.Policies, error) {
	if o.policies == "" {
		return loadPolicies(o.policy)
	}
	if strings.ContainsAny(o.policy, "./\\") {
		return nil, usage("--policy %s is a file, and --policy-dir names files too: name the policy in force by its name", o.policy)
	}
	var err error
	a.policies, err = policy.OpenDir(o.policies, o.policy)
	return a.policies, err
}

// loadPolicies returns the shipped policies and, where --policy names a file,
// those of the file before them. What --policy names is in force where no
// policy's match says otherwise.
func loadPolicies(name string) (*policy.Set, error) {
	shipped := policy.Shipped()
	if !strings.ContainsAny(name, "./\\") {
		set := policy.NewSet(name, shipped...)
		_, err := set.Select(name, gate.Reference{})
		if err != nil && name != "" {
			return nil, usage("--policy: %v", err)
		}
		return set, nil
	}
	own, err := policy.LoadFile(name)
	if err != nil {
		return nil, err
	}
	inForce := own[0].Ref().Name
	for _, p := range own {
		if p.Ref().Name == "default" {
			inForce = "default"
		}
	}
	return policy.NewSet(inForce, append(own, shipped...)...), nil
}

// databaseDir is the directory the vulnerability database is read from.
func (o appOptions) databaseDir(data string) string {
	if o.db != "" {
		return o.db
	}
	return vulndb.Current(filepath.Join(data, "db"))
}

// newAnalyzer reads layers in this process, or in workers.
func (a *app) newAnalyzer(o appOptions, temp string) (gate.Analyzer, error) {
	cache := layercache.New(filepath.Join(a.data, "layers"))
	if err := os.MkdirAll(cache.Path(), 0o700); err != nil {
		return nil, gate.NewError(gate.CodeUnavailable, "the layer cache "+cache.Path()+" cannot be made: name a directory that can be written with --data", err)
	}
	database := o.databaseDir(a.data)
	if !o.isolated {
		tune(readerGCPercent)
		return scan.New(scan.Options{Database: database, JavaDatabase: o.javaDB, Cache: cache, Logger: a.log})
	}
	self, err := os.Executable()
	if err != nil {
		return nil, gate.NewError(gate.CodeInternal, "the gate cannot find its own program to start workers", err)
	}
	pool := worker.New(worker.Options{
		Executable: self, Size: o.workers, TempParent: temp, Timeout: o.timeout, Logger: a.log,
		Args: func(dir string) []string {
			a.metrics.WorkerStarted()
			return workerArgs(o, dir, database, cache.Path())
		},
		Credentials: func(ctx context.Context, repository string) ([]byte, error) {
			credentials, err := a.registry.Credentials(ctx, repository)
			if err != nil || credentials == (authn.AuthConfig{}) {
				return nil, err
			}
			return json.Marshal(credentials)
		},
		Fetch: a.fetchLayers(cache),
		Keep:  a.keepLayer(cache),
		Changed: func(d gate.Database) bool {
			s, err := vulndb.Read(database)
			return err == nil && (!s.UpdatedAt.Equal(d.UpdatedAt) || s.Digest != d.Digest)
		},
	})
	a.closers = append(a.closers, pool.Close)
	return countedAnalyzer{pool, a.metrics}, nil
}

func workerArgs(o appOptions, temp, database, cache string) []string {
	args := []string{"worker", "--temp", temp, "--db", database, "--java-db", o.javaDB, "--cache", cache}
	for _, host := range o.insecure {
		args = append(args, "--insecure-registry", host)
	}
	if o.caBundle != "" {
		args = append(args, "--ca-bundle", o.caBundle)
	}
	if o.guard {
		args = append(args, "--guard-addresses")
	}
	return append(args, fmt.Sprintf("--log-level=%s", "warn"))
}
