package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/admission"
	"github.com/imagegate/imagegate/server"
)

// admissionOptions are the flags of the webhook.
type admissionOptions struct {
	listen, cert, key, clientCA string
	mode                        string
	evaluate                    time.Duration
	kubeconfig                  string
	registries                  []string
}

func (o *admissionOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "admission-listen", "", "address of the admission webhook (HTTPS), for example 0.0.0.0:8443; empty: none")
	f.StringVar(&o.cert, "admission-cert", "", "certificate of the webhook (PEM); read again when it changes")
	f.StringVar(&o.key, "admission-cert-key", "", "private key of that certificate (PEM)")
	f.StringVar(&o.clientCA, "admission-client-ca", "", "authority whose certificates callers of the webhook must show (PEM); empty: anybody may ask")
	f.StringVar(&o.mode, "admission-mode", string(admission.Enforce), "enforce, warn or audit, where a namespace has no label "+admission.LabelMode)
	f.DurationVar(&o.evaluate, "admission-evaluate", 0, "evaluate unknown images on demand for at most this long; 0 refuses them at once")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "cluster whose namespaces choose policies and modes; default the one this process runs in")
	f.StringSliceVar(&o.registries, "allowed-registries", nil, "registries or repositories whose images may run (also ALLOWED_REGISTRIES); empty: all")
}

// webhook is a wired admission webhook.
type webhook struct {
	admission *server.Admission
	cert      *server.Certificate
	listener  net.Listener
	cluster   *admission.Cluster
}

// newWebhook wires the webhook; nil when none is asked for.
func newWebhook(ctx context.Context, a *app, o admissionOptions, queue *evaluations, m *server.Metrics) (*webhook, error) {
	if o.listen == "" {
		return nil, nil
	}
	if o.cert == "" || o.key == "" {
		return nil, usage("--admission-listen needs --admission-cert and --admission-cert-key: a cluster speaks to webhooks by HTTPS only")
	}
	mode, err := admission.ParseMode(o.mode)
	if err != nil {
		return nil, usage("--admission-mode: %v", err)
	}
	// The name the variable had in the guide this webhook comes from.
	registries := slices.DeleteFunc(append(slices.Clone(o.registries), splitList(os.Getenv("ALLOWED_REGISTRIES"))...), func(s string) bool { return s == "" })
	r := &admission.Reviewer{
		Gate: a.service, Journal: a.store, Mode: mode, AllowedRegistries: registries, Evaluations: queue, Patience: o.evaluate, Now: time.Now,
	}
	w := &webhook{}
	if o.kubeconfig != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
		if w.cluster, err = admission.Connect(ctx, o.kubeconfig, "imagegate/"+version); err != nil {
			return nil, err
		}
		r.Namespaces = w.cluster
	}
	if w.cert, err = server.NewCertificate(o.cert, o.key, o.clientCA, a.log); err != nil {
		return nil, err
	}
	if w.listener, err = net.Listen("tcp", o.listen); err != nil {
		return nil, usage("--admission-listen %s: %v", o.listen, err)
	}
	w.admission = server.NewAdmission(reviews{r}, m, a.log)
	return w, nil
}

// ready reports whether the webhook knows the namespaces.
func (w *webhook) ready() server.Component {
	c := server.Component{Name: "admission", Ready: w.cluster == nil || w.cluster.Synced()}
	if !c.Ready {
		c.Detail = "the list of namespaces is not here yet: may the service account list and watch them?"
	}
	return c
}

// reviews gives the server a reviewer whose outcomes are words.
type reviews struct{ *admission.Reviewer }

// Review implements server.Reviewer.
func (r reviews) Review(ctx context.Context, body []byte, mutate bool) ([]byte, string, error) {
	answer, outcome, err := r.Reviewer.Review(ctx, body, mutate)
	return answer, string(outcome), err
}

// ReviewImages implements server.Reviewer.
func (r reviews) ReviewImages(ctx context.Context, body []byte) ([]byte, string, error) {
	answer, outcome, err := r.Reviewer.ReviewImages(ctx, body)
	return answer, string(outcome), err
}

// newAdmission has what an operator of the webhook needs by hand.
func newAdmission() *cobra.Command {
	cmd := &cobra.Command{Use: "admission", Short: "Prepare and look at the admission webhook"}
	cmd.AddCommand(newAdmissionCert(), newAdmissionGlass())
	return cmd
}

func newAdmissionGlass() *cobra.Command {
	return &cobra.Command{
		Use: "broken-glass", Short: "List what was admitted against the gate's word, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			list, err := s.BrokenGlass(cmd.Context(), 1000)
			if err != nil {
				return err
			}
			for _, b := range list {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s %s/%s by %s: %s\n    refused: %s\n", b.At.Format(time.RFC3339), b.Kind, b.Namespace, b.Name, cmp.Or(b.User, "?"), b.Reason, b.Refused)
			}
			return nil
		},
	}
}

// certLifetime is how long a certificate that the command makes counts.
const certLifetime = 365 * 24 * time.Hour

func newAdmissionCert() *cobra.Command {
	var names []string
	var out string
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use: "cert", Short: "Make a certificate for the webhook, where cert-manager does not", Args: cobra.NoArgs,
		Long: `cert writes tls.crt, tls.key and ca.crt: a certificate for the given names by an
authority made for it alone, whose key is thrown away. Put them into the Secret
imagegate-admission-tls, and ca.crt as caBundle into the webhook configurations.
Run it again before it ends: the gate takes up the new files without a restart.`,
		Example: "  imagegate admission cert --name imagegate.imagegate-system.svc --out tls",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(names) == 0 {
				return usage("--name says what the cluster calls the gate, for example imagegate.imagegate-system.svc")
			}
			files, err := server.SelfSigned(names, time.Now(), lifetime)
			if err != nil {
				return gate.NewError(gate.CodeInternal, "the certificate cannot be made", err)
			}
			return writeCertificate(cmd, out, files)
		},
	}
	cmd.Flags().StringSliceVar(&names, "name", nil, "DNS names or addresses of the webhook")
	cmd.Flags().StringVar(&out, "out", ".", "directory to write to")
	cmd.Flags().DurationVar(&lifetime, "lifetime", certLifetime, "how long it counts")
	return cmd
}
