package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// checkOptions are check's flags.
type checkOptions struct {
	telling
	policy     string
	sign, full bool
	platforms  []string
	file       string
	state      string
}

func newCheck(c *connection) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check IMAGE…",
		Short: "Ask whether images may ship, and wait for the answer",
		Long: `check asks the gate about each image, waits, and prints the verdicts.

A command that was ended before it had its answer goes on with the same
evaluation when it is started again: in a CI that is known by the key of the
run, elsewhere by the file that --state names.

Exit status: 0 all pass, 2 one fails, 3 one could not be decided (trying again
may help), 1 wrong use. With several images the worst counts.`,
		Example: `  gatectl check registry.example/team/app:1.2
  gatectl check --sign --wait 20m --output json registry.example/team/app@sha256:…
  gatectl check --file images.txt --output junit`,
		RunE: func(cmd *cobra.Command, images []string) error { return check(cmd, c, o, images) },
	}
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "a policy of the gate by name; default the one in force for the repository")
	f.BoolVar(&o.sign, "sign", false, "have what passes signed")
	f.BoolVar(&o.full, "full", false, "make every check even when a cheap one already denies")
	f.StringSliceVar(&o.platforms, "platform", nil, "platforms to evaluate, for example linux/amd64; default all of an index")
	f.StringVar(&o.file, "file", "", "file of further images, one a line, # begins a comment; - is standard input")
	f.StringVar(&o.state, "state", "", "file that keeps what is asked until it is answered; default one in the CI's temporary directory")
	o.telling.flags(cmd)
	return cmd
}

func check(cmd *cobra.Command, c *connection, o checkOptions, args []string) error {
	images, err := listed(cmd, args, o.file)
	if err != nil {
		return err
	}
	if err := o.valid(len(images)); err != nil {
		return err
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	var reqs []client.EvaluationRequest
	for _, image := range images {
		reqs = append(reqs, o.request(image))
	}
	a.remember(o.state, reqs...)
	return o.tell(cmd, a, images, func(ctx context.Context, i int, p *progress) (gate.Verdict, error) {
		v, err := a.evaluate(ctx, reqs[i], p)
		if err == nil {
			err = sameImage(images[i], v.Digest)
		}
		return v, err
	})
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
