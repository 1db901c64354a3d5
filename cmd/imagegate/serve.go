package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/server"
)

func newServe() *cobra.Command {
	o := appOptions{isolated: true, traced: true}
	var so serveOptions
	var tokenFile string
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer over REST", Args: cobra.NoArgs,
		Long: `serve answers the REST interface of /openapi.yaml. Images are read by worker
processes that hold no key. What was accepted is answered, also after a restart.

With --admission-listen it is a cluster's admission webhook too.

With --key it signs what passes. Every call under /v1 needs the token of
--token-file, or one of a caller that --rights names; without either, serve
listens on loopback only and asks nobody.

With --tls-cert the port is HTTPS. --client-ca lets callers show a certificate
in place of a token.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := so.tls.check(so.rights)
			if err != nil {
				return err
			}
			if tokenFile != "" || so.rights == "" {
				if so.token, err = readToken(tokenFile, so.listen); err != nil {
					return err
				}
			}
			o.signing = o.key != ""
			o.guard = o.guard || !loopback(so.listen) // strangers may ask
			return serve(cmd, o, so)
		},
	}
	o.flags(cmd)
	so.admission.flags(cmd)
	so.refresh.flags(cmd)
	so.retention.flags(cmd, "retention", "delete once a day what is older and nothing needs, for example 90d, as imagegate prune does; 0 keeps everything")
	so.admin.flags(cmd)
	so.tls.flags(cmd)
	so.queue.flags(cmd)
	o.shared.flags(cmd)
	cmd.Flags().StringVar(&o.otlp, "otlp-endpoint", "", "URL of an OpenTelemetry collector (OTLP over HTTP) that gets traces; the OTEL_… variables count too")
	cmd.Flags().StringVar(&so.listen, "listen", "127.0.0.1:8080", "address to listen on")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "file that holds a bearer token; who sends it may do everything")
	cmd.Flags().StringVar(&so.rights, "rights", "", "file of callers and what each may do, read again when it changes")
	cmd.Flags().DurationVar(&so.grace, "grace", 20*time.Second, "how long requests and evaluations in hand may take when the gate ends")
	return cmd
}

// serveOptions are the flags of serve beyond those of check.
type serveOptions struct {
	listen, token string
	rights        string // file
	grace         time.Duration
	admission     admissionOptions
	refresh       refreshOptions
	retention     retentionOptions
	admin         adminOptions
	tls           tlsOptions
	queue         queueOptions
}

// minToken is the least length of a token in bytes.
const minToken = 16

// readToken reads the token, and refuses to go without one where strangers
// could call.
func readToken(file, listen string) (string, error) {
	if file == "" {
		if !loopback(listen) {
			return "", usage("--listen %s can be reached from other machines: name a --token-file or --rights, or listen on 127.0.0.1", listen)
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

func serve(cmd *cobra.Command, o appOptions, so serveOptions) error {
	if so.refresh.every > 0 && o.db != "" {
		return usage("--db names a database that somebody else renews: leave out --db-refresh, or --db")
	}
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	l, err := net.Listen("tcp", so.listen)
	if err != nil {
		return usage("--listen %s: %v", so.listen, err)
	}
	return a.serve(cmd.Context(), l, o, so, cmd.ErrOrStderr())
}

// serve answers connections until ctx ends, then finishes what is in hand.
func (a *app) serve(ctx context.Context, l net.Listener, o appOptions, so serveOptions, say io.Writer) error {
	access, err := a.openAccess(so)
	if err != nil {
		return err
	}
	queue, err := startJobs(ctx, a, o, so.queue)
	if err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), so.grace)
		defer cancel()
		if err := queue.jobs.Stop(ending); err != nil {
			a.log.Warn("evaluations in hand were cut short; the next start takes them up", "error", err)
		}
	}()
	a.watch(o)
	metrics := a.metrics
	admin, err := so.admin.open()
	if err != nil {
		return err
	}
	hook, err := newWebhook(ctx, a, so.admission, queue, metrics)
	if err != nil {
		return err
	}
	again := newRescans(a, o.workers)
	s, err := server.New(server.Options{
		Evaluations: queue, Images: a.store, Reports: reports{a.store}, Signatures: a.service, Verifications: a.service, Rescans: again, Workloads: workloads{a},
		Metrics: metrics, Readiness: func(ctx context.Context) []server.Component { return append(a.readiness(ctx, hook), access.ready()...) },
		Token: so.token, Trace: a.traceRequests(), Callers: access.callers, Audit: a.store, Logger: a.log,
	})
	if err != nil {
		return gate.NewError(gate.CodeInternal, "the contract of the REST interface is broken", err)
	}
	fmt.Fprintf(say, "imagegate %s listens on %s://%s\n", version, access.scheme(), l.Addr())
	// The first to end, in error or because it was told to, ends all.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return access.serve(ctx, s, l, so.grace) })
	g.Go(func() error { a.store.Lead(ctx, "rescans", again.run); return nil })
	if hook != nil {
		fmt.Fprintf(say, "imagegate %s answers admission reviews on https://%s\n", version, hook.listener.Addr())
		g.Go(func() error { return hook.admission.ServeTLS(ctx, hook.listener, hook.cert, so.grace) })
	}
	if admin != nil {
		fmt.Fprintf(say, "imagegate %s answers its operator on http://%s\n", version, admin.Addr())
		g.Go(func() error { return serveAdmin(ctx, admin, adminHandler(metrics, time.Now())) })
	}
	if so.retention.age > 0 || so.retention.layersBytes > 0 {
		g.Go(func() error { a.retain(ctx, so.retention); return nil })
	}
	if so.refresh.every > 0 {
		g.Go(func() error { a.refreshDatabase(ctx, so.refresh); return nil })
	}
	if a.policies != nil {
		g.Go(func() error { a.refreshPolicies(ctx, a.policies); return nil })
	}
	if a.exploits != nil {
		g.Go(func() error { a.refreshExploits(ctx, a.exploits); return nil })
	}
	g.Go(func() error { access.refresh(ctx, a.log); return nil })
	g.Go(func() error { a.refreshBases(ctx); return nil })
	return g.Wait()
}

// readiness reports on what an evaluation needs.
func (a *app) readiness(ctx context.Context, hook *webhook) []server.Component {
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
	out := []server.Component{state, advisories}
	if a.policies != nil {
		out = append(out, policiesReady(a.policies))
	}
	if a.exploits != nil {
		out = append(out, exploitsReady(a.exploits))
	}
	if a.shared != nil {
		out = append(out, sharedLayersReady(ctx, a.shared))
	}
	if hook != nil {
		out = append(out, hook.ready())
	}
	return out
}
