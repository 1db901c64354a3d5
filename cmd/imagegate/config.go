package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
)

func usage(format string, args ...any) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf(format, args...), nil)
}

// defaultData is where a person's gate keeps its things (XDG base directory
// specification).
func defaultData() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "imagegate")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "imagegate")
	}
	return filepath.Join(home, ".local", "share", "imagegate")
}

func newLogger(cmd *cobra.Command) (*slog.Logger, error) {
	name, _ := cmd.Flags().GetString("log-level")
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, usage("--log-level %q is none of debug, info, warn, error", name)
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level})), nil
}
