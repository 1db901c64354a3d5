// Command gen writes docs/checks.md from the catalogue's own comments.
package main

import (
	"fmt"
	"os"

	"github.com/imagegate/imagegate/internal/policy/check"
)

func main() {
	if err := check.Document(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
