package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/exploit"
	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/policy"
	"github.com/imagegate/imagegate/internal/scan/vulndb"
	"github.com/imagegate/imagegate/server"
)

// refreshOptions are the flags of what the service renews by itself.
type refreshOptions struct {
	every   time.Duration
	sources []string
}

func (o *refreshOptions) flags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.every, "db-refresh", 0, "look for a newer vulnerability database this often; 0: never (imagegate db update does it by hand)")
	cmd.Flags().StringSliceVar(&o.sources, "db-source", vulndb.DefaultSources(), "OCI references of the database, tried in order")
}

// retryRefresh is the wait after a database could not be fetched and there is
// none yet.
const retryRefresh = 30 * time.Second

// refreshDatabase fetches newer databases until ctx ends. The old one stays in
// force while none is better.
func (a *app) refreshDatabase(ctx context.Context, o refreshOptions) {
	u := &vulndb.Updater{
		Store: filepath.Join(a.data, "db"), Sources: o.sources, Remote: a.registry.RemoteOptions, Logger: a.log, Now: time.Now,
		NameOptions: func(reference string) []name.Option { return insecureOption(a.registry, reference) },
	}
	for {
		wait := o.every
		status, changed, err := u.Update(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			a.log.Warn("the vulnerability database was not renewed", "error", err)
			if status.UpdatedAt.IsZero() {
				wait = min(wait, retryRefresh)
			}
		case changed:
			a.log.Info("a newer vulnerability database is in force", "made", status.UpdatedAt, "digest", status.Digest)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// lookAtPolicies is how often a policy directory is looked at.
const lookAtPolicies = 5 * time.Second

// refreshPolicies reads changed policy files until ctx ends.
func (a *app) refreshPolicies(ctx context.Context, d *policy.Dir) {
	reloading(ctx, lookAtPolicies, d.Reload, func(err error) {
		a.log.Error("the changed policy files do not load; the old ones stay in force", "error", err)
	}, func() {
		a.log.Warn("changed policies are in force", "policies", strings.Join(d.Names(), ", "))
	})
}

// reloading calls reload this often until ctx ends, and says once each what is
// broken, and what is in force again.
func reloading(ctx context.Context, every time.Duration, reload func() (changed bool, err error), broken func(error), renewed func()) {
	said := ""
	for sleep(ctx, every) {
		switch changed, err := reload(); {
		case err != nil && err.Error() != said:
			said = err.Error()
			broken(err)
		case err == nil && (changed || said != ""):
			said = ""
			renewed()
		}
	}
}

// lookAtExploits is how often the lists of exploited vulnerabilities are looked
// at.
const lookAtExploits = time.Minute

// refreshExploits reads changed lists until ctx ends.
func (a *app) refreshExploits(ctx context.Context, f *exploit.Files) {
	reloading(ctx, lookAtExploits, f.Reload, func(err error) {
		a.log.Error("the changed list of exploited vulnerabilities does not load; the old one stays in force", "error", err)
	}, func() {
		a.log.Warn("a changed list of exploited vulnerabilities is in force", "list", f.Words())
	})
}

// exploitsReady says whether the lists are the ones in force. An old one still
// counts, so a broken file is told and takes nothing away.
func exploitsReady(f *exploit.Files) server.Component {
	c := server.Component{Name: "exploited-vulnerabilities", Ready: true, Detail: f.Words()}
	if err := f.Problem(); err != nil {
		c.Detail = "the changed files are not in force: " + err.Error()
	}
	return c
}

// lookAtBases is how often the approved bases of all policies are resolved, so
// that every build of them is seen and remembered.
const lookAtBases = 30 * time.Minute

// refreshBases looks the approved bases up until ctx ends.
func (a *app) refreshBases(ctx context.Context) {
	for {
		bases, platforms := a.basesInForce()
		if away := a.registry.RefreshBases(ctx, bases, platforms); away > 0 && ctx.Err() == nil {
			a.log.Warn("base images were not refreshed", "away", away, "of", len(bases)*len(platforms))
		}
		if !sleep(ctx, lookAtBases) {
			return
		}
	}
}

// basesInForce are the approved bases of the policies, and the platforms those
// policies ask for.
func (a *app) basesInForce() (bases, platforms []string) {
	for _, name := range a.service.Policies.Names() {
		p, err := a.service.Policies.Select(name, gate.Reference{})
		if err != nil {
			continue // it went away between the two calls
		}
		needs := p.Needs()
		bases, platforms = append(bases, needs.Bases...), append(platforms, needs.Platforms...)
	}
	if len(platforms) == 0 {
		platforms = []string{"linux/amd64", "linux/arm64"}
	}
	slices.Sort(bases)
	slices.Sort(platforms)
	return slices.Compact(bases), slices.Compact(platforms)
}

// policiesReady says whether the policy files are the ones in force. An old
// policy still decides, so a broken file is told and takes nothing away.
func policiesReady(d *policy.Dir) server.Component {
	c := server.Component{Name: "policies", Ready: true}
	if err := d.Problem(); err != nil {
		c.Detail = "the changed files are not in force: " + err.Error()
	}
	return c
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// splitList splits a comma-separated list as flags do.
func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// writeCertificate writes the files of a certificate, the key for its owner only.
func writeCertificate(cmd *cobra.Command, dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return usage("--out %s: %v", dir, err)
	}
	for _, name := range []string{"ca.crt", "tls.crt", "tls.key"} {
		mode := os.FileMode(0o644)
		if name == "tls.key" {
			mode = 0o600
		}
		if err := os.WriteFile(filepath.Join(dir, name), files[name], mode); err != nil {
			return usage("--out %s: %v", dir, err)
		}
	}
	cmd.Printf("wrote ca.crt, tls.crt and tls.key to %s\n", dir)
	return nil
}
