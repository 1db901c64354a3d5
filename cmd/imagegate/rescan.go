package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
)

// rescans runs rescans for the server, one at a time, on one of the replicas.
// What was begun is gone on with after a restart.
type rescans struct {
	app      *app
	parallel int
	begun    chan string
}

// retryRescan is the wait after the store could not be read or written.
const retryRescan = 10 * time.Second

func newRescans(a *app, parallel int) *rescans {
	return &rescans{app: a, parallel: parallel, begun: make(chan string, 1)}
}

// run does what is begun until ctx ends.
func (r *rescans) run(ctx context.Context) {
	for {
		id, err := r.app.store.UnfinishedRescan(ctx)
		if err == nil && id != "" {
			if err = r.app.service.Rescan(ctx, id, r.app.store, r.parallel); err == nil {
				continue
			}
		}
		wait := retryRescan
		if err != nil && ctx.Err() == nil {
			r.app.log.Error("a rescan pauses", "rescan", id, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.begun:
		case <-time.After(wait):
		}
	}
}

// beginRescan lists what a rescan has to decide.
func (a *app) beginRescan(ctx context.Context, pattern string) (gate.Rescan, error) {
	if err := checkPattern(pattern); err != nil {
		return gate.Rescan{}, err
	}
	return a.store.CreateRescan(ctx, newID(), pattern, time.Now(), func(repository string) bool { return policy.MatchRepository(pattern, repository) })
}

// checkPattern says what is wrong with a pattern; the empty one means all.
func checkPattern(pattern string) error {
	if pattern == "" {
		return nil
	}
	return policy.ValidPattern(pattern)
}

// Start implements server.Rescans.
func (r *rescans) Start(ctx context.Context, pattern string) (gate.Rescan, error) {
	out, err := r.app.beginRescan(ctx, pattern)
	if err != nil {
		return out, err
	}
	select {
	case r.begun <- out.ID:
	default: // it is awake already
	}
	return out, nil
}

// Get implements server.Rescans.
func (r *rescans) Get(ctx context.Context, id string, wait time.Duration) (gate.Rescan, error) {
	// Another replica may run it. Waiting begins before looking, so that nothing
	// happens in between.
	ended, leave := r.app.store.Await(id)
	defer leave()
	out, err := r.app.store.Rescan(ctx, id)
	if err != nil || out.State == gate.Done || wait <= 0 {
		return out, err
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
	case <-ctx.Done():
		return out, nil
	}
	return r.app.store.Rescan(context.WithoutCancel(ctx), id)
}

func newRescan() *cobra.Command {
	var o appOptions
	var pattern, output string
	cmd := &cobra.Command{
		Use: "rescan", Short: "Decide again about every image that is admitted", Args: cobra.NoArgs,
		Long: `rescan decides again about every image that passed, or that fails in its grace,
against the vulnerability database of now. It works from what is kept in the data
directory: no registry is asked, but for layers whose analysis was dropped. One
that was interrupted is gone on with.

Exit status: 0 nothing newly fails, 2 something does, 3 something could not be
decided and keeps its standing, 1 wrong use.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usage("--output %q is neither table nor json", output)
			}
			if err := checkPattern(pattern); err != nil {
				return err
			}
			o.isolated = true
			return rescanHere(cmd, o, pattern, output)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&pattern, "pattern", "", "repositories, as a policy's match has them; default all")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

func rescanHere(cmd *cobra.Command, o appOptions, pattern, output string) error {
	a, err := newApp(cmd, o)
	if err != nil {
		return err
	}
	defer a.close()
	ctx := cmd.Context()
	id, err := a.store.UnfinishedRescan(ctx)
	if err != nil {
		return err
	}
	if id == "" {
		begun, err := a.beginRescan(ctx, pattern)
		if err != nil {
			return err
		}
		id = begun.ID
	}
	if err := a.service.Rescan(ctx, id, a.store, o.workers); err != nil {
		return err
	}
	r, err := a.store.Rescan(ctx, id)
	if err != nil {
		return err
	}
	if err := writeRescan(cmd.OutOrStdout(), output, r); err != nil {
		return err
	}
	switch {
	case r.Errors > 0:
		return exitStatus(exitError)
	case r.Failed > 0:
		return exitStatus(exitFail)
	}
	return nil
}

func writeRescan(w io.Writer, output string, r gate.Rescan) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	fmt.Fprintf(w, "%d images decided again: %d pass, %d fail, %d could not be decided\n", r.Done, r.Passed, r.Failed, r.Errors)
	for _, list := range []struct {
		title string
		rows  []gate.RescanResult
	}{{"newly failing", r.NewlyFailing}, {"undecided, as they were", r.Undecided}} {
		if len(list.rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", list.title)
		}
		for _, row := range list.rows {
			fmt.Fprintf(w, "  %s (policy %s)\n    %s\n", row.Image, row.Policy, row.Reason)
			if !row.GraceUntil.IsZero() {
				fmt.Fprintf(w, "    clusters admit it until %s\n", row.GraceUntil.UTC().Format(time.RFC3339))
			}
		}
	}
	return nil
}
