package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

// summary is what a pipeline's end has to tell.
type summary struct {
	title, outcome string
	tasks          []string // TASK=STATUS, in order
	image, digest  string
	evaluation     string
	// verdict is nil where none was made; problem says why it cannot be shown.
	verdict *gate.Verdict
	problem string
}

// summaryOptions are summary's flags beside those of what it tells.
type summaryOptions struct {
	summary
	write    string
	delivery delivery
}

func newSummary(c *connection) *cobra.Command {
	var o summaryOptions
	cmd := &cobra.Command{
		Use:   "summary [TASK=STATUS…]",
		Short: "Tell how a pipeline ended, in Markdown",
		Long: `summary writes what came of a pipeline's tasks and of its image, as Markdown: to
stdout, to a file with --write, and as a CloudEvent or a commit status to the
URLs that are given. It is for the end of a pipeline, so it judges nothing.

Exit status: 0 it was told; 3 something could not be delivered, and stderr says
what; 1 wrong use.`,
		RunE: func(cmd *cobra.Command, tasks []string) error {
			o.tasks = tasks
			return tell(cmd, c, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.title, "title", "Pipeline", "what ended")
	f.StringVar(&o.outcome, "outcome", "", "how: Succeeded, Completed, Failed or None; default what the tasks say")
	f.StringVar(&o.image, "image", "", "the image")
	f.StringVar(&o.digest, "digest", "", "its digest")
	f.StringVar(&o.evaluation, "evaluation-id", "", "the evaluation whose verdict is told; needs --server")
	f.StringVar(&o.write, "write", "", "also write the Markdown to this file; in a directory to summary.md")
	o.delivery.flags(f)
	return cmd
}

func tell(cmd *cobra.Command, c *connection, o summaryOptions) error {
	for _, task := range o.tasks {
		if name, _, ok := strings.Cut(task, "="); !ok || name == "" {
			return usage("%q is not TASK=STATUS", task)
		}
	}
	if err := o.delivery.valid(); err != nil {
		return err
	}
	if o.evaluation != "" {
		a, err := c.dial(cmd)
		if err != nil {
			return err
		}
		ctx, stop := a.once(cmd.Context())
		defer stop()
		// A pipeline's end is told even while the gate is away.
		switch got, err := a.poll(ctx, o.evaluation, true); {
		case err != nil:
			o.problem = err.Error()
		case got.verdict == nil:
			o.problem = "evaluation " + o.evaluation + " is not done"
		default:
			o.verdict = got.verdict
		}
	}
	text := o.markdown()
	if _, err := fmt.Fprint(cmd.OutOrStdout(), text); err != nil {
		return err
	}
	if err := writeSummary(o.write, text); err != nil {
		return err
	}
	return o.delivery.send(cmd, c, o.summary, time.Now())
}

func writeSummary(name, text string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, "summary.md")
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return gate.NewError(gate.CodeUnavailable, "the summary "+name+" cannot be written: name another file with --write", err)
	}
	return nil
}

// result is the outcome, or what the tasks say of it.
func (s summary) result() string {
	if s.outcome != "" {
		return s.outcome
	}
	for _, task := range s.tasks {
		if !strings.HasSuffix(task, "=Succeeded") {
			return "Failed"
		}
	}
	return "Succeeded"
}

// succeeded takes Tekton's words: Completed is Succeeded with tasks that were
// left out.
func (s summary) succeeded() bool {
	r := s.result()
	return r == "Succeeded" || r == "Completed"
}

// decision is the verdict's, or none.
func (s summary) decision() string {
	if s.verdict == nil {
		return "none"
	}
	return string(s.verdict.Decision)
}
