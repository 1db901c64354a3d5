// Command gen writes docs/workload-checks.md from the catalogue's own comments.
package main

import (
	"fmt"
	"os"

	"github.com/imagegate/imagegate/internal/workload/audit"
)

func main() {
	if err := audit.Document(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
