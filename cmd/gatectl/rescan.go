package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/client"
	"github.com/imagegate/imagegate/internal/gate"
)

// rescanOptions are rescan's flags.
type rescanOptions struct {
	pattern, output string
	wait            time.Duration
}

func newRescan(c *connection) *cobra.Command {
	var o rescanOptions
	cmd := &cobra.Command{
		Use:   "rescan",
		Short: "Have every admitted image decided again",
		Long: `rescan has the gate decide again about every image that is admitted now,
against the vulnerability database of now, and waits. One rescan runs at a time:
where one runs already, rescan waits for that one.

Exit status: 0 nothing newly fails, 2 something does, 3 something could not be
decided, or --wait was too short; the gate goes on nevertheless.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return rescan(cmd, c, o) },
	}
	cmd.Flags().StringVar(&o.pattern, "pattern", "", "repositories, for example registry.example/team/**; default all")
	cmd.Flags().DurationVar(&o.wait, "wait", 2*time.Hour, "how long to wait, outages of the gate included")
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
	return cmd
}

func rescan(cmd *cobra.Command, c *connection, o rescanOptions) error {
	if o.output != "table" && o.output != "json" {
		return usage("--output %q is neither table nor json", o.output)
	}
	a, err := c.dial(cmd)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(cmd.Context(), o.wait)
	defer stop()
	r, err := a.rescan(ctx, o.pattern, newProgress(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(cmd.OutOrStdout(), r)
	} else {
		err = printRescan(cmd, r)
	}
	switch {
	case err != nil:
		return err
	case r.Errors > 0 || len(r.Undecided) > 0:
		return ended(exitError)
	case len(r.NewlyFailing) > 0:
		return ended(exitFail)
	}
	return nil
}

// rescan starts one and waits for its end. A rescan of other repositories that
// is under way is waited for, and then ours is started.
func (a *api) rescan(ctx context.Context, pattern string, p *progress) (gate.Rescan, error) {
	defer p.clear()
	for {
		r, err := a.startRescan(ctx, pattern)
		if running, ok := runningRescan(err); ok {
			r, err = gate.Rescan{ID: running}, nil
			p.line("rescan " + running + " runs already: waiting for it")
		}
		for err == nil && r.State != gate.Done {
			started := time.Now()
			if r, err = a.pollRescan(ctx, r.ID, p); err == nil && r.State != gate.Done {
				pause(ctx, started)
			}
		}
		if err != nil && ctx.Err() != nil && r.ID != "" {
			err = gate.NewError(gate.CodeUnavailable, "rescan "+r.ID+" was not done within --wait, or was interrupted; the gate goes on with it, and the same command waits for it", nil)
		}
		if err != nil || r.Pattern == "" || r.Pattern == pattern {
			return r, err
		}
	}
}

func (a *api) startRescan(ctx context.Context, pattern string) (gate.Rescan, error) {
	var req client.RescanRequest
	if pattern != "" {
		req.Pattern = &pattern
	}
	return a.readRescan(a.CreateRescan(ctx, req))
}

func (a *api) pollRescan(ctx context.Context, id string, p *progress) (gate.Rescan, error) {
	wait := a.pollTime(p.live)
	r, err := a.readRescan(a.GetRescan(ctx, id, &client.GetRescanParams{Wait: &wait}))
	if err != nil {
		return gate.Rescan{ID: id}, err
	}
	if r.State != gate.Done {
		p.line(fmt.Sprintf("rescan %s: %d of %d decided, %d newly failing", r.ID, r.Done, r.Total, len(r.NewlyFailing)))
	}
	return r, nil
}

func (a *api) readRescan(resp *http.Response, err error) (gate.Rescan, error) {
	var r gate.Rescan
	err = a.read(resp, err, &r)
	if err == nil && r.ID == "" {
		err = gate.NewError(gate.CodeUnavailable, a.server+" answers with no rescan: is --server right", nil)
	}
	return r, err
}

// rescanID is an id in the words of a conflict.
var rescanID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// runningRescan finds the one that a conflict names.
func runningRescan(err error) (string, bool) {
	var e *gate.Error
	if !errors.As(err, &e) || e.Code != gate.CodeConflict {
		return "", false
	}
	id := rescanID.FindString(e.Message)
	return id, id != ""
}

func printRescan(cmd *cobra.Command, r gate.Rescan) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "rescan %s: %s decided, %d pass, %d fail, %d could not be decided\n", r.ID, plural(r.Done, "image"), r.Passed, r.Failed, r.Errors)
	list := func(title string, results []gate.RescanResult) {
		if len(results) > 0 {
			fmt.Fprintf(out, "\n%s\n", title)
		}
		for _, one := range results {
			fmt.Fprintf(out, "  %s  policy %s\n", printable(one.Image), printable(one.Policy))
			if one.Reason != "" {
				fmt.Fprintf(out, "      %s\n", printable(one.Reason))
			}
			if !one.GraceUntil.IsZero() {
				fmt.Fprintf(out, "      admitted nevertheless until %s\n", one.GraceUntil.Format(time.RFC3339))
			}
		}
	}
	list("newly failing", r.NewlyFailing)
	list("could not be decided, and keep their standing", r.Undecided)
	return nil
}
