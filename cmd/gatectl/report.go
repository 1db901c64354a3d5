package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
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
	var output, platform string
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
		RunE: func(cmd *cobra.Command, args []string) error {
			return showReport(cmd, c, args[0], output, platform, wait)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", strings.Join(reportOutputs(), ", "))
	cmd.Flags().StringVar(&platform, "platform", "", "platform of an SBOM, where the digest is of several")
	cmd.Flags().DurationVar(&wait, "wait", 10*time.Minute, "how long to wait for the verdict of a tag")
	return cmd
}

func showReport(cmd *cobra.Command, c *connection, image, output, platform string, wait time.Duration) error {
	if !slices.Contains(reportOutputs(), output) {
		return usage("--output %q is none of %s", output, strings.Join(reportOutputs(), ", "))
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
	switch output {
	case "json", "table":
		known, err := a.image(ctx, digest)
		if err != nil {
			return err
		}
		if output == "json" {
			return writeJSON(cmd.OutOrStdout(), known)
		}
		return known.print(cmd)
	case "cyclonedx", "spdx":
		format, on := client.GetSBOMParamsFormat(output), &platform
		if platform == "" {
			on = nil
		}
		ctx, stop := a.once(ctx)
		defer stop()
		resp, err := a.GetSBOM(ctx, digest, &client.GetSBOMParams{Format: &format, Platform: on})
		return a.copy(cmd.OutOrStdout(), resp, err)
	}
	format := client.GetReportParamsFormat(output)
	ctx, stop = a.once(ctx)
	defer stop()
	resp, err := a.GetReport(ctx, digest, &client.GetReportParams{Format: &format})
	return a.copy(cmd.OutOrStdout(), resp, err)
}

// copy writes an answer that is a document for others, as it came. It is what
// the gate knows, layers and packages included, where check knows the verdict.
func (a *api) copy(w io.Writer, resp *http.Response, err error) error {
	if err != nil {
		return a.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return a.refused(resp)
	}
	if resp.Header.Get("Content-Type") == "" {
		return a.notAGate(resp)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return a.unreachable(err)
	}
	return nil
}

// reportOutputs are what --output of report takes.
func reportOutputs() []string { return append(report.Formats(), "cyclonedx", "spdx") }

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
	if err := report.Write(out, "table", report.Document{Verdict: *k.Latest}, report.Options{Color: colored(out), Version: version}); err != nil {
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
