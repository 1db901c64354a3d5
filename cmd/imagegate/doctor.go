package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/server"
)

// health is what a look at one part found.
type health string

// The states of a part. What has none was not configured, and is left out.
const (
	healthy health = "ok"
	ailing  health = "warn"
	failing health = "FAIL"
	// unseen is what could not be looked at.
	unseen health = "unknown"
)

// diagnosis is one line of doctor.
type diagnosis struct {
	Check  string `json:"check"`
	State  health `json:"state"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

func fine(format string, args ...any) diagnosis {
	return diagnosis{State: healthy, Detail: fmt.Sprintf(format, args...)}
}

func ill(state health, mend, format string, args ...any) diagnosis {
	return diagnosis{State: state, Detail: fmt.Sprintf(format, args...), Mend: mend}
}

// patient is the deployment that is looked at.
type patient struct {
	appOptions
	data     string
	database string // file, or URL with its password
	log      *slog.Logger
	image    string

	server, tokenFile string
	admission         string // host:port
	client            *http.Client
	now               func() time.Time

	skew atomic.Pointer[time.Duration] // of the registry's clock, once it answered
}

// looks are what doctor looks at, in order: what others rest on comes first.
var looks = []struct {
	name string
	look func(context.Context, *patient) diagnosis
}{
	{"data directory", lookAtData},
	{"database", lookAtDatabase},
	{"disk for data", func(_ context.Context, p *patient) diagnosis { return lookAtDisk(p.data) }},
	{"disk for temporary files", lookAtTemp},
	{"memory", lookAtMemory},
	{"vulnerability database", lookAtAdvisories},
	{"Java database", lookAtJava},
	{"exploited vulnerabilities", lookAtExploitList},
	{"trusted root", lookAtTrust},
	{"policies", lookAtPolicyFiles},
	{"signing key", lookAtKey},
	{"sandbox", lookAtSandbox},
	{"worker", lookAtWorker},
	{"shared layers", lookAtSharedLayers},
	{"registry", lookAtRegistry},
	{"clock", lookAtClock},
	{"server", lookAtServer},
	{"metrics", lookAtMetrics},
	{"token", lookAtToken},
	{"admission certificate", lookAtCertificate},
}

// lookTime bounds each look.
const lookTime = 30 * time.Second

func newDoctor() *cobra.Command {
	p := &patient{appOptions: appOptions{isolated: true}, now: time.Now}
	var output string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look at a deployment and say what to mend", Args: cobra.NoArgs,
		Long: `doctor takes the flags of serve and looks at what serve would need with them:
files, databases, key, policies, worker processes, disk and memory. With --image it
resolves that image, and compares the registry's clock; with --server it asks a
service that runs. It changes nothing but files it makes and removes to try
whether it may.

Exit status: 0 nothing fails (there may be warnings), 2 something does, 3 some of
it could not be looked at.`,
		Example: "  imagegate doctor --data /data --policy-dir /etc/imagegate/policies --image registry.example/app:1\n  imagegate doctor --server http://127.0.0.1:8080 --token-file token",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if output != "table" && output != "json" {
				return usage("--output %q is neither table nor json", output)
			}
			if p.log, err = newLogger(cmd); err != nil {
				return err
			}
			p.data, _ = cmd.Flags().GetString("data")
			if p.database, err = databaseOf(cmd); err != nil {
				return err
			}
			p.client = &http.Client{Timeout: lookTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			return p.report(cmd.OutOrStdout(), output, p.examine(cmd.Context()))
		},
	}
	p.flags(cmd)
	p.shared.flags(cmd)
	cmd.Flags().StringVar(&p.image, "image", "", "an image of the registry the gate reads; it is resolved, not pulled")
	cmd.Flags().StringVar(&p.server, "server", "", "URL of a service that runs")
	cmd.Flags().StringVar(&p.tokenFile, "token-file", "", "file of the token for --server")
	cmd.Flags().StringVar(&p.admission, "admission", "", "host:port of the admission webhook, whose certificate is looked at")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// examine looks at everything that is configured.
func (p *patient) examine(ctx context.Context) []diagnosis {
	var out []diagnosis
	for _, l := range looks {
		d := p.one(ctx, l.look)
		if d.State == "" {
			continue
		}
		d.Check = l.name
		out = append(out, d)
	}
	return out
}

// one looks at one part. A look that ends without an answer is no answer.
func (p *patient) one(ctx context.Context, look func(context.Context, *patient) diagnosis) (d diagnosis) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			d = ill(unseen, "report this defect", "looking ended in a panic: %v", r)
		}
	}()
	d = look(ctx, p)
	if d.State == failing && ctx.Err() != nil {
		d.State = unseen
	}
	return d
}

// report writes the findings and says with the exit status what they come to.
func (p *patient) report(w io.Writer, output string, found []diagnosis) error {
	status := exitPass
	for _, d := range found {
		switch {
		case d.State == failing:
			status = exitFail
		case d.State == unseen && status == exitPass:
			status = exitError
		}
	}
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"ok": status == exitPass, "version": version, "checks": found}); err != nil {
			return err
		}
	} else {
		for _, d := range found {
			fmt.Fprintf(w, "%-8s %s: %s\n", d.State, d.Check, d.Detail)
			if d.Mend != "" {
				fmt.Fprintf(w, "         mend: %s\n", d.Mend)
			}
		}
	}
	if status != exitPass {
		return exitStatus(status)
	}
	return nil
}

// wrong is the diagnosis of an error: ours say how to mend it.
func wrong(err error, mend string) diagnosis {
	var e *gate.Error
	if errors.As(err, &e) && mend == "" {
		mend = "as it says"
	}
	state := failing
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		state = unseen
	}
	return ill(state, mend, "%v", err)
}

// app is as much of a gate as a look needs.
func (p *patient) app() *app {
	return &app{metrics: server.NewMetrics(), data: p.data, log: p.log}
}
