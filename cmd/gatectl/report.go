package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// knownImage is what the gate decided about a digest.
type knownImage struct {
	Digest  string        `json:"digest"`
	Latest  *gate.Verdict `json:"latest"`
	History []pastVerdict `json:"history"`
}

type pastVerdict struct {
	ID        string              `json:"id"`
	Decision  gate.Decision       `json:"decision"`
	Policy    gate.PolicyRef      `json:"policy"`
	Database  *gate.Database      `json:"database,omitempty"`
	Signature gate.SignatureState `json:"signature"`
	DecidedAt time.Time           `json:"decidedAt"`
	ExpiresAt time.Time           `json:"expiresAt,omitzero"`
}

func newReport(c *connection) *cobra.Command {
	var output string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "report DIGEST | IMAGE",
		Short: "Show the latest verdict of a digest, and those before it",
		Long: `report shows what the gate decided about a digest: sha256:…, or
repository@sha256:…. An image named by tag is asked about first, as check does,
to learn its digest.

Exit status: 0 there is a verdict, whatever it is; 1 the gate knows no such
digest; 3 it could not be found out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return showReport(cmd, c, args[0], output, wait) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", strings.Join(report.Formats(), " or "))
	cmd.Flags().DurationVar(&wait, "wait", 10*time.Minute, "how long to wait for the verdict of a tag")
	return cmd
}

func showReport(cmd *cobra.Command, c *connection, image, output string, wait time.Duration) error {
	if !report.Known(output) {
		return usage("--output %q is none of %s", output, strings.Join(report.Formats(), ", "))
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), wait)
	defer stop()
	digest := image
	if !isDigest(image) {
		ref, _, err := a.pin(ctx, image, "", newProgress(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		digest = ref.Digest
	}
	known, err := a.image(ctx, digest)
	if err != nil {
		return err
	}
	if output == "json" {
		return writeJSON(cmd.OutOrStdout(), known)
	}
	return known.print(cmd)
}

func (a *api) image(ctx context.Context, digest string) (knownImage, error) {
	ctx, stop := a.once(ctx)
	defer stop()
	var known knownImage
	resp, err := a.GetImage(ctx, digest)
	if err := a.read(resp, err, &known); err != nil {
		return known, err
	}
	if known.Latest == nil || wellFormed(*known.Latest) != nil || known.Digest != digest {
		return known, gate.NewError(gate.CodeUnavailable, a.server+" answers about "+digest+" with no verdict of it: is --server right", nil)
	}
	return known, nil
}

func (k knownImage) print(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	if err := report.Write(out, "table", *k.Latest, report.Options{Color: colored(out)}); err != nil {
		return err
	}
	if len(k.History) < 2 {
		return nil
	}
	fmt.Fprintf(out, "\n%s of this digest\n", plural(len(k.History), "verdict"))
	for _, v := range k.History {
		database := ""
		if v.Database != nil {
			database = ", database of " + v.Database.UpdatedAt.Format("2006-01-02")
		}
		fmt.Fprintf(out, "  %s  %-5s  policy %s%s, %s  %s\n", v.DecidedAt.Format(time.RFC3339), v.Decision, printable(v.Policy.Name), database, v.Signature.State, v.ID)
	}
	return nil
}
