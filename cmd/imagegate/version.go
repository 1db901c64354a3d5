package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version, and those of the libraries that decide", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "imagegate %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return nil
			}
			for _, d := range info.Deps {
				switch d.Path {
				case "github.com/aquasecurity/trivy", "github.com/sigstore/cosign/v2", "github.com/google/go-containerregistry":
					fmt.Fprintf(out, "  %s %s\n", d.Path, d.Version)
				}
			}
			return nil
		},
	}
}
