package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/demo"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/sign"
)

func newDemo() *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the gate at work on eight images, without network or cluster", Args: cobra.NoArgs,
		Long: `demo starts a registry and a gate on loopback, with a vulnerability database of
a few advisories, pushes eight instructive images, and asks the gate about each
over HTTP. Everything it writes is in a temporary directory and gone afterwards.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "imagegate-demo-")
			if err != nil {
				return gate.NewError(gate.CodeUnavailable, "no temporary directory can be made: set TMPDIR to one that can be written", err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			return runDemo(cmd, dir, keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave registry and gate running until interrupted")
	return cmd
}

func runDemo(cmd *cobra.Command, dir string, keep bool) error {
	start := time.Now()
	out := cmd.OutOrStdout()
	registry, err := demo.StartRegistry()
	if err != nil {
		return err
	}
	defer registry.Close()
	images, err := registry.Push(cmd.Context())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "registry  http://%s with %d images\n", registry.Host, len(images))
	public, o, err := demoOptions(cmd, dir)
	if err != nil {
		return err
	}
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return gate.NewError(gate.CodeUnavailable, "no port of 127.0.0.1 is free for the gate", err)
	}
	serving, stop := context.WithCancel(cmd.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.serve(serving, l, o, serveOptions{grace: 5 * time.Second}, io.Discard) }()
	defer func() { stop(); <-ended }() //nolint:errcheck // the tour has said what is wrong
	url := "http://" + l.Addr().String()
	fmt.Fprintf(out, "gate      %s (%s/openapi.yaml)\n\n", url, url)

	verifier, err := sign.NewVerifier(public, sign.VerifyOptions{Remote: a.registry.RemoteOptions})
	if err != nil {
		return err
	}
	tour := demo.Tour{Out: out, Color: colored(out), Gate: url, Images: images, Verify: func(ctx context.Context, repository, digest string) (bool, string, error) {
		r, err := verifier.Verify(ctx, repository, digest)
		if r.Verified {
			return true, "signature: " + joined(r.Layouts), err
		}
		return false, r.Reason, err
	}}
	if err := tour.Run(cmd.Context()); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nAll of it took %s.\n", time.Since(start).Round(100*time.Millisecond))
	whatNext(cmd, keep, dir, url, images)
	if keep {
		<-cmd.Context().Done()
	}
	return nil
}

// demoOptions makes a database and a key in dir, and options that use them.
func demoOptions(cmd *cobra.Command, dir string) (public []byte, o appOptions, err error) {
	o = appOptions{db: filepath.Join(dir, "db"), key: filepath.Join(dir, "demo.key"), layout: "both", timeout: time.Minute, workers: 2, signing: true, isolated: true}
	if err := demo.WriteDatabase(o.db, time.Now()); err != nil {
		return nil, o, gate.NewError(gate.CodeInternal, "the demo's vulnerability database could not be made", err)
	}
	password := rand.Text()
	private, public, err := sign.GenerateKey([]byte(password))
	if err != nil {
		return nil, o, err
	}
	if err := writeNew(o.key, private, 0o600); err != nil {
		return nil, o, err
	}
	if err := writeNew(filepath.Join(dir, "demo.pub"), public, 0o600); err != nil {
		return nil, o, err
	}
	if err := os.Setenv("COSIGN_PASSWORD", password); err != nil {
		return nil, o, err
	}
	return public, o, cmd.Flags().Set("data", filepath.Join(dir, "data"))
}

func whatNext(cmd *cobra.Command, keep bool, dir, url string, images []demo.Image) {
	self := "imagegate"
	if len(os.Args) > 0 {
		self = os.Args[0]
	}
	out := cmd.OutOrStdout()
	if keep {
		fmt.Fprintf(out, `
It keeps running; end it with Ctrl-C. In another terminal:
  curl -s '%s/v1/evaluations?wait=30' -H 'Content-Type: application/json' -d '{"image": "%s"}'
  %s verify --signature-only --key %s %s
`, url, images[0].Reference, self, filepath.Join(dir, "demo.pub"), images[0].Reference)
		return
	}
	fmt.Fprintf(out, `
Next, your own image:
  %[1]s db update                       # Trivy's vulnerability database, some 60 MB
  %[1]s check your.registry/app:1.2     # or docker-archive:app.tar, oci:DIR
  %[1]s policy explain default          # what it is held to; see also strict
  %[1]s demo --keep                     # leaves registry and gate running
`, self)
}
