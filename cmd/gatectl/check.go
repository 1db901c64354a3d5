package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// checkOptions are check's flags.
type checkOptions struct {
	policy     string
	sign, full bool
	platforms  []string
	wait       time.Duration
	output     string
	results    string
	report     string
}

func newCheck(c *connection) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check IMAGE…",
		Short: "Ask whether images may ship, and wait for the answer",
		Long: `check asks the gate about each image, waits, and prints the verdicts.

Exit status: 0 all pass, 2 one fails, 3 one could not be decided (trying again
may help), 1 wrong use. With several images the worst counts.`,
		Example: `  gatectl check registry.example/team/app:1.2
  gatectl check --sign --wait 20m --output json registry.example/team/app@sha256:…`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, images []string) error { return check(cmd, c, o, images) },
	}
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "a policy of the gate by name; default the one in force for the repository")
	f.BoolVar(&o.sign, "sign", false, "have what passes signed")
	f.BoolVar(&o.full, "full", false, "make every check even when a cheap one already denies")
	f.StringSliceVar(&o.platforms, "platform", nil, "platforms to evaluate, for example linux/amd64; default all of an index")
	f.DurationVar(&o.wait, "wait", 10*time.Minute, "how long to wait for the verdicts, outages of the gate included")
	f.StringVarP(&o.output, "output", "o", "table", strings.Join(report.Formats(), " or "))
	f.StringVar(&o.report, "report", "", "also write the verdict documents to this file; in a directory to verdict.json")
	resultsFlag(cmd, &o.results)
	return cmd
}

func check(cmd *cobra.Command, c *connection, o checkOptions, images []string) error {
	if !report.Known(o.output) {
		return usage("--output %q is none of %s", o.output, strings.Join(report.Formats(), ", "))
	}
	if o.results != "" && len(images) > 1 {
		return usage("--results-dir has room for one image, and %d are named", len(images))
	}
	for _, image := range images {
		if _, err := registryImage(image); err != nil {
			return err
		}
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), o.wait)
	defer stop()
	outcomes := ask(ctx, cmd, a, o, images)
	if err := o.writeReport(outcomes); err != nil {
		return err
	}
	worst := exitPass
	for _, out := range outcomes {
		worst = max(worst, out.status())
	}
	return ended(worst)
}

// outcome is what came of one image: a verdict, or why there is none.
type outcome struct {
	image   string
	verdict *gate.Verdict
	err     error
}

func (o outcome) status() int {
	if o.err != nil {
		return exitCode(o.err)
	}
	return statusOf(*o.verdict)
}

// statusOf orders pass 0, fail 2, error 3. A pass whose signature was asked for
// and refused is an error: the caller would otherwise take it for signed.
func statusOf(v gate.Verdict) int {
	switch {
	case v.Decision == gate.Fail:
		return exitFail
	case v.Decision != gate.Pass, v.Signature.State == gate.Refused:
		return exitError
	}
	return exitPass
}

// ask submits all images, so that the gate works on them side by side, and
// shows each verdict in the order asked.
func ask(ctx context.Context, cmd *cobra.Command, a *api, o checkOptions, images []string) []outcome {
	answers := make([]answer, len(images))
	outcomes := make([]outcome, len(images))
	for i, image := range images {
		outcomes[i].image = image
		answers[i], outcomes[i].err = a.submit(ctx, o.request(image))
	}
	p := newProgress(cmd.ErrOrStderr())
	for i, image := range images {
		out := &outcomes[i]
		if out.err == nil {
			var v gate.Verdict
			if v, out.err = a.await(ctx, image, answers[i], p); out.err == nil {
				out.err = sameImage(image, v.Digest)
				out.verdict = &v
			}
		}
		out.show(cmd, o.output, i > 0)
		if err := writeResults(o.results, checkResults(*out, time.Now())); err != nil {
			out.err = err
			out.show(cmd, o.output, false)
		}
	}
	return outcomes
}

func (o checkOptions) request(image string) client.EvaluationRequest {
	req := client.EvaluationRequest{Image: image}
	if o.policy != "" {
		req.Policy = &o.policy
	}
	if o.sign {
		req.Sign = &o.sign
	}
	if o.full {
		req.Full = &o.full
	}
	if len(o.platforms) > 0 {
		req.Platforms = &o.platforms
	}
	return req
}

// show prints a verdict to stdout, and an error to stderr.
func (o outcome) show(cmd *cobra.Command, format string, further bool) {
	if o.err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "gatectl: %s\n", printable(about(o.image, o.err)))
		return
	}
	out := cmd.OutOrStdout()
	if further && format == "table" {
		fmt.Fprintln(out)
	}
	_ = report.Write(out, format, report.Document{Verdict: *o.verdict}, report.Options{Color: colored(out), Version: version})
}

// about names the image where the message does not.
func about(image string, err error) string {
	if strings.Contains(err.Error(), image) {
		return err.Error()
	}
	return image + ": " + err.Error()
}

// writeReport writes the documents of what was decided.
func (o checkOptions) writeReport(outcomes []outcome) error {
	if o.report == "" {
		return nil
	}
	name := o.report
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, "verdict.json")
	}
	var b strings.Builder
	for _, out := range outcomes {
		if out.verdict == nil {
			continue
		}
		if err := report.Write(&b, "json", report.Document{Verdict: *out.verdict}, report.Options{}); err != nil {
			return err
		}
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the report "+name+" cannot be written: name another file with --report", err)
	}
	return nil
}
