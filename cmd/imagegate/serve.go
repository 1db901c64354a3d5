package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/server"
)

func newServe() *cobra.Command {
	o := appOptions{isolated: true}
	var listen, tokenFile string
	var grace time.Duration
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer over REST", Args: cobra.NoArgs,
		Long: `serve answers the REST interface of /openapi.yaml. Images are read by worker
processes that hold no key. What was accepted is answered, also after a restart.

With --key it signs what passes. Every call under /v1 needs the token of
--token-file; without one, serve listens on loopback only.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := readToken(tokenFile, listen)
			if err != nil {
				return err
			}
			o.signing = o.key != ""
			return serve(cmd, o, listen, token, grace)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "file that holds the bearer token callers must send")
	cmd.Flags().DurationVar(&grace, "grace", 20*time.Second, "how long requests and evaluations in hand may take when the gate ends")
	return cmd
}

// minToken is the least length of a token in bytes.
const minToken = 16

// readToken reads the token, and refuses to go without one where strangers
// could call.
func readToken(file, listen string) (string, error) {
	if file == "" {
		if !loopback(listen) {
			return "", usage("--listen %s can be reached from other machines: name a --token-file, or listen on 127.0.0.1", listen)
		}
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", usage("the token file %s cannot be read: %v", file, err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < minToken || len(token) > 4096 {
		return "", usage("the token in %s has %d bytes, expected at least %d", file, len(token), minToken)
	}
	return token, nil
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

func serve(cmd *cobra.Command, o appOptions, listen, token string, grace time.Duration) error {
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return usage("--listen %s: %v", listen, err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "imagegate %s listens on http://%s\n", version, l.Addr())
	return a.serve(cmd.Context(), l, o, token, grace)
}

// serve answers connections until ctx ends, then finishes what is in hand.
func (a *app) serve(ctx context.Context, l net.Listener, o appOptions, token string, grace time.Duration) error {
	queue, err := startJobs(ctx, a, o)
	if err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := queue.jobs.Stop(ending); err != nil {
			a.log.Warn("evaluations in hand were cut short; the next start takes them up", "error", err)
		}
	}()
	s, err := server.New(server.Options{
		Evaluations: queue, Images: a.store, Signatures: a.service, Readiness: a.readiness, Token: token, Logger: a.log,
	})
	if err != nil {
		return gate.NewError(gate.CodeInternal, "the contract of the REST interface is broken", err)
	}
	return s.Serve(ctx, l, grace)
}

// readiness reports on what an evaluation needs.
func (a *app) readiness(ctx context.Context) []server.Component {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	state := server.Component{Name: "database", Ready: true}
	if err := a.store.Ping(ctx); err != nil {
		state.Ready, state.Detail = false, err.Error()
	}
	advisories := server.Component{Name: "vulnerability-database", Ready: true}
	if d, err := a.service.Analyzer.Database(ctx); err != nil {
		advisories.Ready, advisories.Detail = false, err.Error()
	} else {
		advisories.Detail = "of " + d.UpdatedAt.UTC().Format(time.RFC3339)
	}
	return []server.Component{state, advisories}
}
