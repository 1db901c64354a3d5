// Command soak runs two replicas of the service on a real PostgreSQL, Redis and
// registry, kills and starves each of them in turn while pipelines ask for
// verdicts, and then counts: every request that was accepted is answered, with
// one verdict that never changed, and only what passed is signed, once.
//
// scripts/soak.sh starts it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// options are the flags.
type options struct {
	gate, toxiproxyServer, db string
	evaluations               int
	only                      string
	keep                      bool
}

func main() {
	var o options
	short := flag.Bool("short", false, "300 evaluations")
	flag.StringVar(&o.gate, "imagegate", "bin/imagegate", "the gate's program")
	flag.StringVar(&o.toxiproxyServer, "toxiproxy", "", "the toxiproxy-server program")
	flag.StringVar(&o.db, "db", "", "directory of trivy.db and metadata.json; default the demo's few advisories")
	flag.IntVar(&o.evaluations, "n", 3000, "how many evaluations the bulk callers ask for")
	flag.StringVar(&o.only, "only", "", "regular expression: only the faults whose name it matches")
	flag.BoolVar(&o.keep, "keep", false, "keep the directory when everything is right, too")
	flag.Parse()
	if *short {
		o.evaluations = 300
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Processes run in the stage's directory, and the paths are of this one.
	for _, path := range []*string{&o.gate, &o.toxiproxyServer, &o.db} {
		if *path != "" {
			*path, _ = filepath.Abs(*path) // it fails only where there is no working directory
		}
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
