package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/imagegate/imagegate/internal/bench/fixture"
	"github.com/imagegate/imagegate/internal/gate"
)

// bench is one run.
type bench struct {
	gate, trivy, db string
	only            string
	runs            int
	cluster         bool

	ctx      context.Context //nolint:containedctx // the run's
	dir      string
	registry *counted
	host     string
	image    v1.Image
	policy   string
	missed   int
}

func (b *bench) run(ctx context.Context) error {
	var err error
	b.ctx = ctx
	if b.dir, err = os.MkdirTemp("", "imagegate-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	b.registry = startRegistry()
	defer b.registry.Close()
	b.host = strings.TrimPrefix(b.registry.URL, "http://")
	if err := b.prepare(); err != nil {
		return err
	}
	if b.cluster {
		fmt.Printf("%-46s %10s %10s %7s  %s\n", "", "imagegate", "peer", "ratio", "budget")
		for _, row := range []func() error{b.rescan, b.admission} {
			if err := row(); err != nil {
				return err
			}
		}
		return nil
	}
	base, size, err := subject()
	if err != nil {
		return err
	}
	if b.image, err = variant(base, "65532:65532", 0); err != nil {
		return err
	}
	fmt.Printf("image: 5 layers, %d MB unpacked; each figure the median of %d runs\n\n%-46s %10s %10s %7s  %s\n", size>>20, b.runs, "", "imagegate", "peer", "ratio", "budget")
	for _, row := range []struct {
		name string
		make func() error
	}{{"cold", b.cold}, {"warm", b.warm}, {"deny", b.deny}, {"bomb", b.bomb}, {"postgres", b.postgres}, {"queue", b.queue}, {"storm", b.storm}} {
		if b.only != "" && !slices.Contains(strings.Split(b.only, ","), row.name) {
			continue
		}
		if err := row.make(); err != nil {
			return err
		}
	}
	if b.missed > 0 {
		fmt.Printf("\n%d budgets are missed\n", b.missed)
	}
	return nil
}

// prepare makes the database, and a policy that takes one of any age.
func (b *bench) prepare() (err error) {
	if b.db, err = fixture.Database(b.dir, b.db); err != nil {
		return err
	}
	b.policy, err = fixture.Policy(b.dir)
	return err
}

// row prints a comparison and holds it against its budget.
func (b *bench) row(what string, ours, peer time.Duration, budget float64) {
	ratio := float64(ours) / float64(peer)
	word := "ok"
	if ratio > budget {
		word = "MISSED"
		b.missed++
	}
	fmt.Printf("%-46s %10s %10s %7.3f  %.2f %s\n", what, ours.Round(100*time.Microsecond), peer.Round(100*time.Microsecond), ratio, budget, word)
}

// limit prints a figure that has no peer.
func (b *bench) limit(what, figure string, ok bool, budget string) {
	word := "ok"
	if !ok {
		word = "MISSED"
		b.missed++
	}
	fmt.Printf("%-46s %10s %10s %7s  %s %s\n", what, figure, "", "", budget, word)
}

func (b *bench) checkArgs(data string, more ...string) []string {
	return append([]string{b.gate, "check", "--data", filepath.Join(b.dir, data), "--db", b.db, "--policy", b.policy, "--output", "json"}, more...)
}

// trivyArgs scan with Trivy's default scanners. Its cache directory holds its
// database.
func (b *bench) trivyArgs(cache, image string) ([]string, error) {
	dir := filepath.Join(b.dir, cache, "db")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, f := range []string{"trivy.db", "metadata.json"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err == nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(b.db, f))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, f), data, 0o600); err != nil {
			return nil, err
		}
	}
	return []string{b.trivy, "image", "--image-src", "remote", "--insecure", "--quiet", "--format", "json", "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check", "--cache-dir", filepath.Join(b.dir, cache), image}, nil
}

// cold compares first checks, and their findings.
func (b *bench) cold() error {
	reference, err := push(remoteContext{b.ctx, b.host}, b.image, "bench/app:1")
	if err != nil {
		return err
	}
	var ours, theirs, floors []time.Duration
	var rss, peerRSS int64
	for i := range b.runs {
		c, err := program(b.ctx, nil, b.checkArgs(fmt.Sprintf("cold-%d", i), reference)...)
		if err != nil {
			return err
		}
		args, err := b.trivyArgs(fmt.Sprintf("trivy-%d", i), reference)
		if err != nil {
			return err
		}
		p, err := program(b.ctx, nil, args...)
		if err != nil {
			return err
		}
		f, err := floor(b.ctx, b.registry.URL, b.image)
		if err != nil {
			return err
		}
		ours, theirs, floors = append(ours, c.wall), append(theirs, p.wall), append(floors, f)
		rss, peerRSS = max(rss, c.rss), max(peerRSS, p.rss)
		if i == 0 {
			if err := sameFindings(c.out, p.out); err != nil {
				return err
			}
		}
	}
	b.row("cold check, against trivy image", median(ours), median(theirs), 0.6)
	b.row("cold check, against download+unpack+sha256", median(ours), median(floors), 1.5)
	b.limit("memory of a cold check (trivy: "+mb(peerRSS)+")", mb(rss), rss < 512<<20, "512 MB")
	return nil
}

// sameFindings compares what both found.
func sameFindings(ours, theirs []byte) error {
	var v gate.Verdict
	if err := json.Unmarshal(ours, &v); err != nil {
		return err
	}
	var t struct {
		Results []struct {
			Vulnerabilities []struct{ Severity string }
			Packages        []struct{}
		}
	}
	if err := json.Unmarshal(theirs, &t); err != nil {
		return err
	}
	n := 0
	for _, r := range t.Results {
		n += len(r.Vulnerabilities)
	}
	found := v.Counts.Critical + v.Counts.High + v.Counts.Medium + v.Counts.Low + v.Counts.Unknown
	fmt.Printf("%-46s %10d %10d\n", "vulnerabilities found", found, n)
	if found == 0 {
		return fmt.Errorf("nothing was found: the comparison shows nothing; give a database that knows Debian 12 with --db")
	}
	if found != n {
		return fmt.Errorf("imagegate found %d vulnerabilities, trivy %d", found, n)
	}
	return nil
}

// warm compares images whose layers are known, in the service and as a command.
func (b *bench) warm() error {
	args, err := b.trivyArgs("trivy-0", b.host+"/bench/app:1")
	if err != nil {
		return err
	}
	s, err := startService(b)
	if err != nil {
		return err
	}
	defer s.stop()
	reference := func(n int) (string, error) {
		image, err := variant(b.image, "65532:65532", n)
		if err != nil {
			return "", err
		}
		return push(remoteContext{b.ctx, b.host}, image, fmt.Sprintf("bench/app:v%d", n))
	}
	if _, err := s.ask(b.host + "/bench/app:1"); err != nil {
		return err
	}
	var service, command, theirs []time.Duration
	for i := range b.runs {
		first, err := reference(2*i + 1)
		if err != nil {
			return err
		}
		took, err := s.ask(first)
		if err != nil {
			return err
		}
		second, err := reference(2*i + 2)
		if err != nil {
			return err
		}
		c, err := program(b.ctx, nil, b.checkArgs("cold-0", second)...)
		if err != nil {
			return err
		}
		p, err := program(b.ctx, nil, args...)
		if err != nil {
			return err
		}
		service, command, theirs = append(service, took), append(command, c.wall), append(theirs, p.wall)
	}
	b.row("known layers, in the service", median(service), median(theirs), 0.1)
	b.row("known layers, as a command", median(command), median(theirs), 1)
	return b.stored(s, median(theirs))
}

// deny counts what a denial on the config alone costs.
func (b *bench) deny() error {
	root, err := variant(b.image, "", 0)
	if err != nil {
		return err
	}
	reference, err := push(remoteContext{b.ctx, b.host}, root, "bench/app:root")
	if err != nil {
		return err
	}
	var ours, theirs []time.Duration
	b.registry.requests.Store(0)
	b.registry.blobs.Store(0)
	for i := range b.runs {
		c, err := program(b.ctx, nil, b.checkArgs(fmt.Sprintf("deny-%d", i), reference)...)
		if err != nil {
			return err
		}
		if c.status != 2 {
			return fmt.Errorf("the image that runs as root ends with status %d", c.status)
		}
		ours = append(ours, c.wall)
	}
	requests, blobs := b.registry.requests.Load()/int64(b.runs), b.registry.blobs.Load()/int64(b.runs)
	for i := range b.runs {
		args, err := b.trivyArgs(fmt.Sprintf("trivy-deny-%d", i), reference)
		if err != nil {
			return err
		}
		p, err := program(b.ctx, nil, args...)
		if err != nil {
			return err
		}
		theirs = append(theirs, p.wall)
	}
	b.row("denied on its config, against a cold trivy", median(ours), median(theirs), 0.3)
	b.limit(fmt.Sprintf("denied on its config: %d requests, layers pulled", requests), fmt.Sprint(blobs-1), blobs == 1, "0")
	return nil
}

// bomb shows what ten gigabytes in ten megabytes cost.
func (b *bench) bomb() error {
	image, err := bomb()
	if err != nil {
		return err
	}
	reference, err := push(remoteContext{b.ctx, b.host}, image, "bench/bomb:1")
	if err != nil {
		return err
	}
	c, err := program(b.ctx, nil, b.checkArgs("bomb", reference)...)
	if err != nil {
		return err
	}
	b.limit(fmt.Sprintf("memory on a bomb of 10 GB (status %d, %s)", c.status, c.wall.Round(10*time.Millisecond)), mb(c.rss), c.rss < 512<<20 && c.status == 2, "512 MB")
	return nil
}

func mb(n int64) string { return fmt.Sprintf("%d MB", n>>20) }
