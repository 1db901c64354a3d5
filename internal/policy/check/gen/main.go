// Command gen writes docs/checks.md from the catalogue's own comments.
package main

import (
	"os"

	"github.com/imagegate/imagegate/internal/policy/check"
)

func main() {
	if err := check.Document(os.Stdout); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
