package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/scan/layercache"
	"github.com/imagegate/imagegate/internal/store"
)

// age is a flag of days or hours: 90d, 36h.
type age time.Duration

// String implements pflag.Value.
func (a *age) String() string {
	d := time.Duration(*a)
	if d != 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}

// minAge keeps a typing error from taking away what a pipeline still waits for.
const minAge = 24 * time.Hour

// maxAge keeps a date within what can be computed with.
const maxAge = 100 * 365 * 24 * time.Hour

// Set implements pflag.Value.
func (a *age) Set(s string) error {
	d, err := parseDuration(s)
	if err != nil || (d != 0 && (d < minAge || d > maxAge)) {
		return fmt.Errorf("expected at least a day, for example 90d or 36h; 0 keeps everything")
	}
	*a = age(d)
	return nil
}

// parseDuration reads a duration as Go writes it, or a number of days: 90d.
func parseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * 24 * time.Hour, err
}

// Type implements pflag.Value.
func (*age) Type() string { return "age" }

// retentionOptions say what is kept.
type retentionOptions struct {
	age         age
	layersBytes int64
}

func (o *retentionOptions) flags(cmd *cobra.Command, name, what string) {
	cmd.Flags().Var(&o.age, name, what)
	cmd.Flags().Int64Var(&o.layersBytes, "layer-cache-max", 0, "bytes the layer cache may have; the oldest entries go first; 0: no bound")
}

func newPrune() *cobra.Command {
	var o retentionOptions
	var dry bool
	cmd := &cobra.Command{
		Use: "prune --older-than AGE", Short: "Delete what is old and nothing needs any more", Args: cobra.NoArgs,
		Long: `prune deletes evaluations, jobs and rescans that were done before then, expired
verdicts, their evidence, and layer analyses. The newest verdict of each digest
stays, and so does what a standing, an unexpired verdict or a running rescan
rests on: what a cluster is told, and what rescans decide again, never changes by
it. It works in small steps, beside a service that runs; serve --retention does
the same once a day.`,
		Example: "  imagegate prune --older-than 90d --dry-run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.age == 0 && o.layersBytes == 0 {
				return usage("say with --older-than what may go, for example 90d")
			}
			s, err := openStore(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			data, _ := cmd.Flags().GetString("data")
			p, err := prune(cmd.Context(), s, data, o, dry)
			if err != nil {
				return err
			}
			did := "deleted"
			if dry {
				did = "would delete"
			}
			cmd.Println(did + " " + p.words())
			return nil
		},
	}
	o.flags(cmd, "older-than", "age of what may go, for example 90d")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would go, and delete nothing; layers are not counted")
	return cmd
}

// pruned is what went.
type pruned struct {
	store.Pruned
	layers int
	freed  int64 // bytes of layers
}

func (p pruned) words() string {
	return fmt.Sprintf("%d evaluations, %d jobs, %d rescans, %d standings of replaced policies, %d verdicts, %d evidence, %d manifests and configs, %d layer analyses (%.1f MB)",
		p.Evaluations, p.Jobs, p.Rescans, p.Standings, p.Verdicts, p.Evidence, p.Objects, p.layers, float64(p.freed)/1e6)
}

func prune(ctx context.Context, s *store.Store, data string, o retentionOptions, dry bool) (p pruned, err error) {
	var before time.Time
	if o.age != 0 {
		before = time.Now().Add(-time.Duration(o.age))
		p.Pruned, err = s.Prune(ctx, store.Retention{Before: before, DryRun: dry})
	}
	// Another replica may be pruning the database; the layers are this one's.
	if dry || (err != nil && gate.CodeOf(err) != gate.CodeConflict) {
		return p, err
	}
	var layers error
	p.layers, p.freed, layers = layercache.New(filepath.Join(data, "layers")).Prune(o.layersBytes, before)
	return p, errors.Join(err, layers)
}

// pruneEvery is how often serve prunes; the first time a little after its start,
// when those who waited for it have been answered.
const (
	pruneEvery = 24 * time.Hour
	pruneFirst = 10 * time.Minute
)

// retain prunes until ctx ends.
func (a *app) retain(ctx context.Context, o retentionOptions) {
	for wait := pruneFirst; sleep(ctx, wait); wait = pruneEvery {
		began := time.Now()
		p, err := prune(ctx, a.store, a.data, o, false)
		switch {
		case gate.CodeOf(err) == gate.CodeConflict:
			a.log.Info("another replica deletes what is old", "layers", p.layers)
		case err != nil && ctx.Err() == nil:
			a.log.Warn("what is old was not deleted; tried again in a day", "error", err)
		case err == nil:
			a.log.Info("deleted what is old: "+p.words(), "took", time.Since(began).Round(time.Millisecond))
		}
	}
}
