package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/report"
)

// telling is how verdicts are waited for and told; check and wait have these
// flags.
type telling struct {
	wait      time.Duration
	parallel  int
	output    string
	results   string
	report    string
	reportFor string
	reportDir string
}

func (t *telling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&t.wait, "wait", 10*time.Minute, "how long to wait for the verdicts, outages of the gate included")
	f.IntVar(&t.parallel, "parallel", 10, "how many images the gate is asked about at once")
	f.StringVarP(&t.output, "output", "o", "table", strings.Join(report.Formats(), " or "))
	f.StringVar(&t.report, "report", "", "also write the verdict documents to this file; in a directory to verdict.json")
	f.StringVar(&t.reportFor, "report-for", "auto", "whose reports to write beside: "+strings.Join(reporters(), ", ")+"; auto is the CI this runs in")
	f.StringVar(&t.reportDir, "report-dir", "", "directory for the CI's report files; default where the CI looks for them")
	resultsFlag(cmd, &t.results)
}

// valid checks the flags for a number of images.
func (t *telling) valid(images int) error {
	switch {
	case !report.Known(t.output):
		return usage("--output %q is none of %s", t.output, strings.Join(report.Formats(), ", "))
	case t.output == "html" && images > 1:
		return usage("--output html is a page about one image, and %d are named", images)
	case t.results != "" && images > 1:
		return usage("--results-dir has room for one image, and %d are named", images)
	case t.parallel < 1 || t.parallel > maxImages:
		return usage("--parallel %d: write a number from 1 to %d", t.parallel, maxImages)
	case !slices.Contains(reporters(), t.reportFor):
		return usage("--report-for %q is none of %s", t.reportFor, strings.Join(reporters(), ", "))
	}
	return nil
}

// tell asks about each of the images side by side, shows each verdict in the
// order asked, and then tells those who want files. ask returns the image's
// verdict; names are what the images are called until there is one.
func (t *telling) tell(cmd *cobra.Command, a *api, names []string, ask func(context.Context, int, *progress) (gate.Verdict, error)) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithTimeout(cmd.Context(), t.wait)
	defer stop()
	p := newProgress(cmd.ErrOrStderr())
	outcomes := make([]outcome, len(names))
	done := make([]chan struct{}, len(names))
	room := make(chan struct{}, t.parallel)
	for i, name := range names {
		done[i] = make(chan struct{})
		running.Go(func() {
			room <- struct{}{}
			defer func() { <-room; close(done[i]) }()
			outcomes[i].image = name
			v, err := ask(ctx, i, p)
			if err != nil {
				outcomes[i].err = err
				return
			}
			outcomes[i].image, outcomes[i].verdict = v.Image, &v
		})
	}
	for i := range names {
		<-done[i]
		if err := t.show(cmd, outcomes, i); err != nil {
			return err
		}
	}
	if err := writeDocuments(t.report, outcomes); err != nil {
		return err
	}
	status := worst(outcomes)
	// A pipeline that waited in vain, or was interrupted, is told so too; after
	// an interrupt, a CI soon kills.
	limit := reportTime
	if cmd.Context().Err() != nil {
		limit = interruptedTime
	}
	last, end := context.WithTimeout(context.WithoutCancel(cmd.Context()), limit)
	defer end()
	if err := t.tellCI(last, cmd, a, outcomes); err != nil {
		a.notice(printable(err.Error()))
		if t.reportFor != "auto" {
			status = max(status, exitCode(err))
		}
	}
	return ended(status)
}

// show prints the outcome of one image, and with the last what is about all.
func (t *telling) show(cmd *cobra.Command, outcomes []outcome, i int) error {
	out := &outcomes[i]
	several := len(outcomes) > 1
	if !several || !combines(t.output) || out.err != nil {
		out.show(cmd, t.output, i > 0)
	}
	if err := writeResults(t.results, checkResults(*out, time.Now())); err != nil {
		out.err = err
		out.show(cmd, t.output, false)
	}
	if !several || i+1 < len(outcomes) {
		return nil
	}
	if combines(t.output) {
		return writeCombined(cmd.OutOrStdout(), t.output, outcomes)
	}
	if t.output == "table" {
		_, _ = cmd.OutOrStdout().Write([]byte("\n"))
		sum(cmd.OutOrStdout(), outcomes)
		return nil
	}
	sum(cmd.ErrOrStderr(), outcomes)
	return nil
}
