package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// maxManifests bounds one file of manifests in bytes, as the gate does.
const maxManifests = 8 << 20

func newWorkloads(c *connection) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "workloads FILE…",
		Short: "Ask whether Kubernetes manifests may be applied",
		Long: `workloads sends manifests to the gate, which says of each image whether a
cluster would admit it, and holds the manifests against its workload checks.
FILE may be - for standard input, for example of kustomize build.

Exit status: 0 they may, 2 an image is not allowed or a finding is HIGH or
above, 3 it could not be found out, 1 wrong use.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return checkWorkloads(cmd, c, output, files) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

func checkWorkloads(cmd *cobra.Command, c *connection, output string, files []string) error {
	if output != "table" && output != "json" {
		return usage("--output %q is neither table nor json", output)
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	worst := exitPass
	for _, file := range files {
		text, err := manifests(cmd, file)
		if err != nil {
			return err
		}
		r, err := a.workloads(cmd.Context(), text)
		if err != nil {
			return gate.NewError(gate.CodeOf(err), about(file, err), nil)
		}
		if output == "json" {
			err = writeJSON(cmd.OutOrStdout(), r)
		} else {
			err = printWorkloads(cmd.OutOrStdout(), file, r)
		}
		if err != nil {
			return err
		}
		worst = max(worst, workloadStatus(r))
	}
	return ended(worst)
}

func manifests(cmd *cobra.Command, file string) (string, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = readBounded(cmd.InOrStdin(), maxManifests)
	} else {
		data, err = readSmall(file, maxManifests)
	}
	switch {
	case err != nil && os.IsNotExist(err):
		return "", usage("there is no file %s", file)
	case err != nil:
		return "", usage("the manifests of %s cannot be read: %v", file, err)
	case len(data) == 0:
		return "", usage("%s is empty: there is nothing to check", file)
	}
	return string(data), nil
}

func (a *api) workloads(ctx context.Context, text string) (gate.WorkloadReport, error) {
	ctx, stop := a.once(ctx)
	defer stop()
	var r gate.WorkloadReport
	resp, err := a.CheckWorkloads(ctx, client.WorkloadRequest{Manifests: text})
	if err := a.read(resp, err, &r); err != nil {
		return r, err
	}
	if r.Images == nil || r.Findings == nil {
		return r, gate.NewError(gate.CodeUnavailable, a.server+" answers with no report about the manifests: is --server right", nil)
	}
	return r, nil
}

func workloadStatus(r gate.WorkloadReport) int {
	for _, image := range r.Images {
		if !image.Allowed {
			return exitFail
		}
	}
	for _, f := range r.Findings {
		if f.Severity.Rank() >= gate.SeverityHigh.Rank() {
			return exitFail
		}
	}
	return exitPass
}

func printWorkloads(w io.Writer, file string, r gate.WorkloadReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", file, plural(len(r.Images), "image"), plural(len(r.Findings), "finding"))
	for _, i := range r.Images {
		word := "REFUSED"
		if i.Allowed {
			word = "ALLOWED"
		}
		fmt.Fprintf(&b, "  %s  %s  %s\n", word, printable(i.Image), printable(strings.Join([]string{i.Kind, i.Name, i.Container}, " ")))
		if i.Reason != "" {
			fmt.Fprintf(&b, "           %s\n", printable(i.Reason))
		}
	}
	for _, f := range r.Findings {
		place := strings.Join(strings.Fields(strings.Join([]string{f.Kind, f.Name, f.Container}, " ")), " ")
		if f.Line > 0 {
			place += fmt.Sprintf("  %s:%d", file, f.Line)
		}
		fmt.Fprintf(&b, "  %-8s %s  %s\n           %s\n", f.Severity, f.Check, printable(place), printable(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(&b, "           fix: %s\n", printable(f.Fix))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
