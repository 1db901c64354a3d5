package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

func newDiff() *cobra.Command {
	var o appOptions
	var req gate.Request
	var output string
	cmd := &cobra.Command{
		Use:   "diff IMAGE_A IMAGE_B",
		Short: "Show what a new build changes",
		Long: `diff decides about two images in full and shows what lies between them:
packages, vulnerabilities, findings, layers, configuration, base.

Exit status: 0 when IMAGE_B has no violation that IMAGE_A has not, 2 when it
has, 3 when one could not be decided, 1 wrong use.`,
		Example: `  imagegate diff registry.example/app:1.2 registry.example/app:1.3
  imagegate diff --output markdown oci:old oci:new`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, images []string) error {
			if !slices.Contains(report.ComparisonFormats(), output) {
				return usage("--output %q is none of table, json, markdown", output)
			}
			req.Full = true
			return diffImages(cmd, o, req, output, images)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&req.Platforms, "platform", nil, "platforms to compare, for example linux/amd64; default all of an index")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json or markdown")
	return cmd
}

func diffImages(cmd *cobra.Command, o appOptions, req gate.Request, output string, images []string) error {
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	a.service.Logger = nil // the verdicts say what the log would
	var documents []report.Document
	for _, image := range images {
		req.Image = image
		v, err := evaluate(cmd.Context(), a, req, newProgressLine(cmd.ErrOrStderr(), image))
		if err != nil {
			return err
		}
		if v.Error != nil {
			return gate.NewError(v.Error.Code, image+": "+v.Error.Message, nil)
		}
		d, err := evidenceOf(cmd.Context(), a.store, v)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	c := report.Compare(documents[0], documents[1])
	if err := report.WriteComparison(cmd.OutOrStdout(), output, c); err != nil {
		return err
	}
	if worse(documents[0].Verdict, documents[1].Verdict) {
		return exitStatus(exitFail)
	}
	return nil
}

// worse reports whether b has a violation that a has not.
func worse(a, b gate.Verdict) bool {
	type about struct{ check, platform, path, subject, name, vulnerability string }
	key := func(f gate.Violation) about {
		k := about{check: f.Check, platform: f.Platform, path: f.Path, subject: f.Subject}
		if f.Package != nil {
			k.name = f.Package.Name
		}
		if f.Vulnerability != nil {
			k.vulnerability = f.Vulnerability.ID
		}
		return k
	}
	had := map[about]bool{}
	for _, f := range a.Violations {
		had[key(f)] = true
	}
	return slices.ContainsFunc(b.Violations, func(f gate.Violation) bool { return !had[key(f)] })
}
