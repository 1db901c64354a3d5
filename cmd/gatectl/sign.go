package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

func newSign(c *connection) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "sign REPOSITORY@DIGEST | IMAGE",
		Short: "Have an image signed that holds a passing verdict",
		Long: `sign asks the gate, which holds the key, to sign a digest. It does so only for
an unexpired pass under the policy in force; asking again leaves one signature.
An image named by tag is asked about first, as check does, to learn its digest:
an image that does not pass is not signed.

Exit status: 0 signed, 2 the gate refuses, 3 it could not be found out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return sign(cmd, c, o, args[0]) },
	}
	cmd.Flags().StringVar(&o.policy, "policy", "", "policy the verdict is under; default that in force for the repository")
	cmd.Flags().DurationVar(&o.wait, "wait", 10*time.Minute, "how long to wait, outages of the gate included")
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", strings.Join(report.Formats(), " or "))
	resultsFlag(cmd, &o.results)
	return cmd
}

func sign(cmd *cobra.Command, c *connection, o checkOptions, image string) error {
	if !report.Known(o.output) {
		return usage("--output %q is none of %s", o.output, strings.Join(report.Formats(), ", "))
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), o.wait)
	defer stop()
	out := outcome{image: image}
	out.verdict, out.err = a.sign(ctx, image, o.policy, newProgress(cmd.ErrOrStderr()))
	out.show(cmd, o.output, false)
	r := checkResults(out, time.Now())
	delete(r, resultTest) // those are the check's
	delete(r, resultScan)
	if err := writeResults(o.results, r); err != nil {
		return err
	}
	if gate.CodeOf(out.err) == gate.CodeConflict && out.err != nil {
		return ended(exitFail)
	}
	return ended(out.status())
}

// sign returns the verdict with its signature; of a tag that does not pass, the
// verdict that says why. CodeConflict says why a digest is not signed.
func (a *api) sign(ctx context.Context, image, policy string, p *progress) (*gate.Verdict, error) {
	ref, decided, err := a.pin(ctx, image, policy, p)
	if err != nil || (decided != nil && decided.Decision != gate.Pass) {
		return decided, err
	}
	req := client.SignatureRequest{Repository: ref.Repository, Digest: ref.Digest}
	if policy != "" {
		req.Policy = &policy
	}
	var v gate.Verdict
	resp, err := a.CreateSignature(ctx, req)
	if err := a.read(resp, err, &v); err != nil {
		return nil, err
	}
	if v.Digest != ref.Digest || v.Signature.State != gate.Signed {
		return nil, gate.NewError(gate.CodeUnavailable, ref.At(ref.Digest)+" is not known to be signed: the gate's answer does not say so", nil)
	}
	return &v, nil
}
