package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

func newCancel(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "Call an evaluation off",
		Long: `cancel ends an evaluation that nobody needs any more. Whoever waits for it has
an error for an answer.

Exit status: 0 it is cancelled, now or before; 2 it was decided before, and its
verdict stands; 3 it could not be found out; 1 the gate knows no such
evaluation.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return cancel(cmd, c, args[0]) },
	}
}

func cancel(cmd *cobra.Command, c *connection, id string) error {
	if !evaluationID.MatchString(id) {
		return usage("%.100q is no id of an evaluation: check names it where it ends early", id)
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := a.once(cmd.Context())
	defer stop()
	err = a.cancel(ctx, id)
	if gate.CodeOf(err) == gate.CodeConflict && err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "gatectl: %s\n", printable(about(id, err)))
		return ended(exitFail)
	}
	if err == nil {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is cancelled\n", id)
	}
	return err
}

func (a *api) cancel(ctx context.Context, id string) error {
	var got answer
	resp, err := a.CancelEvaluation(ctx, id)
	if err := a.read(resp, err, &got); err != nil {
		return err
	}
	if got.ID != id || got.verdict == nil || got.verdict.Decision != gate.Errored {
		return gate.NewError(gate.CodeUnavailable, id+" is not known to be cancelled: the gate's answer does not say so", nil)
	}
	return nil
}
