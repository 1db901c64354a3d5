// Command imagegate decides whether container images may ship, signs those
// that may, and serves that decision to pipelines and clusters.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/settings"
)

// version is set by the linker.
var version = "dev"

// The exit codes, which are gatectl's too.
const (
	exitPass  = gate.ExitPass
	exitUsage = gate.ExitUsage
	exitFail  = gate.ExitFail
	exitError = gate.ExitError
)

// exitStatus is an error that carries an exit code and has been reported.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with its result, so that test scripts can call it.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(os.Stderr, "imagegate:", err)
	return exitCode(err)
}

// exitCode tells input that cannot be used from work that could not be done.
// Cobra's own errors (unknown flags and commands) are usage.
func exitCode(err error) int {
	var e *gate.Error
	if !errors.As(err, &e) && !errors.Is(err, context.Canceled) {
		return exitUsage
	}
	switch gate.CodeOf(err) {
	case gate.CodeInvalid, gate.CodeNotFound:
		return exitUsage
	}
	return exitError
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "imagegate",
		Short: "May this image ship?",
		Long: `imagegate checks container images against a policy and says pass, fail or
error, with evidence. It signs what passed, and nothing else.

Every flag can be set as an environment variable (--db is IMAGEGATE_DB) and as a
key of the file named by --config (db: …); the command line wins over the
environment, and that over the file.`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return settings.Apply(cmd) },
	}
	root.PersistentFlags().String("config", "", "file of flag values (YAML)")
	root.PersistentFlags().String("data", defaultData(), "directory of everything the gate keeps")
	databaseFlags(root)
	root.PersistentFlags().String("log-level", "warn", "debug, info, warn or error; the log goes to stderr")
	root.AddCommand(
		newCheck(), newDiff(), newVerify(), newServe(), newRescan(), newAdmission(), newAudit(), newPolicy(), newDB(), newBackup(), newRestore(), newPrune(), newDoctor(), newKey(), newToken(), newAuditLog(), newDemo(), newChecks(), newVersion(), newWorker(),
	)
	return root
}
