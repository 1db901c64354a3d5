// Command bench holds the gate's cost against the trivy program's of the same
// version, in one run on one machine, and prints ratios: machines differ, and
// are noisy, but they are so for both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var b bench
	flag.StringVar(&b.gate, "imagegate", "bin/imagegate", "the gate's program")
	flag.StringVar(&b.trivy, "trivy", "", "the trivy program")
	flag.StringVar(&b.db, "db", "", "directory of trivy.db and metadata.json; default the demo's few advisories")
	flag.StringVar(&b.only, "only", "", "these groups of rows alone, with commas between: cold, warm (after cold), deny, bomb, postgres, queue, storm")
	flag.IntVar(&b.runs, "runs", 5, "how often each thing is measured; the median counts")
	flag.BoolVar(&b.cluster, "cluster", false, "measure what a cluster asks: the admission webhook and the nightly rescan")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
