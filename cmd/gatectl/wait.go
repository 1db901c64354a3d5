package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

func newWait(c *connection) *cobra.Command {
	var t telling
	cmd := &cobra.Command{
		Use:   "wait ID…",
		Short: "Wait for the verdicts of evaluations that run already",
		Long: `wait goes on where a check ended that was interrupted, or whose --wait was too
short: it waits for evaluations by their ids, and prints the verdicts.

Exit status: that of check; 1 where the gate knows no such evaluation.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error { return wait(cmd, c, t, ids) },
	}
	t.flags(cmd)
	return cmd
}

func wait(cmd *cobra.Command, c *connection, t telling, ids []string) error {
	for _, id := range ids {
		if !evaluationID.MatchString(id) {
			return usage("%.100q is no id of an evaluation: check names it where it ends early", id)
		}
	}
	if len(ids) > maxImages {
		return usage("%d evaluations are more than %d: wait for them in several commands", len(ids), maxImages)
	}
	if err := t.valid(len(ids)); err != nil {
		return err
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	return t.tell(cmd, a, ids, func(ctx context.Context, i int, p *progress) (gate.Verdict, error) {
		got, err := a.evaluation(ctx, ids[i], 0)
		if err != nil {
			return gate.Verdict{}, err
		}
		return a.await(ctx, got.Image, got, p)
	})
}
