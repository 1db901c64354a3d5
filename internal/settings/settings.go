// Package settings gives flags their values: the command line wins over the
// environment, and that over a configuration file. The flags are the one list
// of what can be set.
package settings

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imagegate/imagegate/internal/gate"
)

// prefix begins the name of every variable.
const prefix = "IMAGEGATE_"

// Apply gives each flag that the command line does not set its value from the
// environment (--db is IMAGEGATE_DB), or else from the file that --config or
// IMAGEGATE_CONFIG names. A key that no command has is an error: a misspelt
// one would otherwise be silence. Errors are CodeInvalid.
func Apply(cmd *cobra.Command) error {
	file, name, err := configFile(cmd)
	if err != nil {
		return err
	}
	for key := range file {
		if cmd.Flags().Lookup(key) == nil && !anyCommandHas(cmd.Root(), key) {
			return invalid("%s: %q is no flag of %s: see %s --help", name, key, cmd.Root().Name(), cmd.Root().Name())
		}
	}
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		variable := Variable(f.Name)
		value, source := os.Getenv(variable), variable
		if value == "" {
			value, source = file[f.Name], name
		}
		if value == "" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = invalid("%s: %q cannot be used for --%s: %v", source, value, f.Name, err)
		}
	})
	return failed
}

// Variable is the environment variable of a flag.
func Variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// anyCommandHas lets one file serve all commands.
func anyCommandHas(cmd *cobra.Command, flag string) bool {
	if cmd.Flags().Lookup(flag) != nil || cmd.PersistentFlags().Lookup(flag) != nil {
		return true
	}
	for _, c := range cmd.Commands() {
		if anyCommandHas(c, flag) {
			return true
		}
	}
	return false
}

func invalid(format string, args ...any) error {
	return gate.NewError(gate.CodeInvalid, fmt.Sprintf(format, args...), nil)
}
