package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

func newCheck() *cobra.Command {
	var o appOptions
	var req gate.Request
	var output string
	cmd := &cobra.Command{
		Use:   "check IMAGE…",
		Short: "Decide whether images may ship",
		Long: `check decides about each image and prints its verdict. An image is a registry
reference, oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE.

Exit status: 0 all pass, 2 one fails, 3 one could not be decided (trying again
may help), 1 wrong use. With several images the worst counts.`,
		Example: `  imagegate check registry.example/app:1.2
  imagegate check --policy strict --output json docker-archive:app.tar
  imagegate check --output html registry.example/app:1.2 >report.html
  imagegate check --sign --key gate.key registry.example/app:1.2`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, images []string) error {
			if !knownOutput(output) {
				return usage("--output %q is none of %s", output, outputWords())
			}
			if len(images) > 1 && !slices.Contains([]string{"table", "json", "markdown"}, output) {
				return usage("--output %s is one document for one image, and %d were named: ask about each by itself", output, len(images))
			}
			o.signing, o.isolated = req.Sign, req.Sign
			return checkImages(cmd, o, req, output, images)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&req.Sign, "sign", false, "sign what passes (needs --key)")
	cmd.Flags().BoolVar(&req.Full, "full", false, "make every check even when a cheap one already denies")
	cmd.Flags().StringSliceVar(&req.Platforms, "platform", nil, "platforms to evaluate, for example linux/amd64; default all of an index")
	cmd.Flags().StringVarP(&output, "output", "o", "table", outputWords())
	return cmd
}

func checkImages(cmd *cobra.Command, o appOptions, req gate.Request, output string, images []string) error {
	for _, image := range images {
		ref, err := gate.ParseReference(image)
		if err != nil {
			return err
		}
		if req.Sign && ref.Scheme != gate.SchemeRegistry {
			return usage("--sign: %s is not in a registry, and signatures are kept beside the image", image)
		}
	}
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	a.service.Logger = nil // the verdict says what the log would
	worst := exitPass
	for i, image := range images {
		req.Image = image
		v, err := evaluate(cmd.Context(), a, req, newProgressLine(cmd.ErrOrStderr(), image))
		if err != nil {
			return err
		}
		if i > 0 && output == "table" {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		d, err := evidenceOf(cmd.Context(), a.store, v)
		if err != nil {
			return err
		}
		if err := write(cmd.Context(), cmd.OutOrStdout(), output, d, report.Options{Color: colored(cmd.OutOrStdout()), Version: version}); err != nil {
			return err
		}
		worst = max(worst, v.ExitStatus())
	}
	if worst != exitPass {
		return exitStatus(worst)
	}
	return nil
}

func evaluate(ctx context.Context, a *app, req gate.Request, p *progressLine) (gate.Verdict, error) {
	defer p.clear()
	return a.service.Evaluate(ctx, "", req, true, p.report)
}
