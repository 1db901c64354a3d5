// Command gatectl asks a gate whether images may ship. It is for pipelines: one
// small static program that knows the gate's REST interface and nothing of how
// the gate decides.
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

// The exit codes, which are imagegate's too.
const (
	exitPass  = gate.ExitPass
	exitUsage = gate.ExitUsage
	exitFail  = gate.ExitFail
	exitError = gate.ExitError
)

// exitStatus is an error that carries an exit code and has been reported.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// ended is the command's result for a status.
func ended(status int) error {
	if status == exitPass {
		return nil
	}
	return exitStatus(status)
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with its result, so that test scripts can call it.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	flush := inertOutput(root, os.Getenv)
	defer flush()
	err := root.ExecuteContext(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(root.ErrOrStderr(), "gatectl:", printable(err.Error()))
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

func usage(format string, args ...any) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf(format, args...), nil)
}

func newRoot() *cobra.Command {
	c := &connection{}
	root := &cobra.Command{
		Use:   "gatectl",
		Short: "Ask the gate: may this image ship?",
		Long: `gatectl asks a gate whether container images may ship, and says so with its
exit status: 0 yes, 2 no, 3 it could not be found out (trying again may help),
1 wrong use.

Every flag can be set as an environment variable (--server is IMAGEGATE_SERVER)
and as a key of the file named by --config (server: …); the command line wins
over the environment, and that over the file. The gate's token is read from a
file, or from IMAGEGATE_TOKEN: command lines are seen by everybody.`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return settings.Apply(cmd) },
	}
	root.PersistentFlags().String("config", "", "file of flag values (YAML)")
	c.flags(root.PersistentFlags())
	root.AddCommand(
		newCheck(c), newWait(c), newCancel(c), newSign(c), newVerify(c), newReport(c), newRescan(c), newWorkloads(c), newSummary(c), newVersion(),
	)
	return root
}
