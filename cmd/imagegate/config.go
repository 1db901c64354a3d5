package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"github.com/imagegate/imagegate/internal/gate"
)

// maxConfig bounds the configuration file in bytes.
const maxConfig = 1 << 20

// setFromEnvironment gives each flag that the command line does not set its
// value from the environment, or else from the configuration file.
func setFromEnvironment(cmd *cobra.Command) error {
	file, name, err := configFile(cmd)
	if err != nil {
		return err
	}
	for key := range file {
		if cmd.Flags().Lookup(key) == nil && !anyCommandHas(cmd.Root(), key) {
			return usage("%s: %q is no flag of imagegate: see imagegate --help", name, key)
		}
	}
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		variable := "IMAGEGATE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, source := os.Getenv(variable), variable
		if value == "" {
			value, source = file[f.Name], name
		}
		if value == "" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = usage("%s: %q cannot be used for --%s: %v", source, value, f.Name, err)
		}
	})
	return failed
}

func configFile(cmd *cobra.Command) (map[string]string, string, error) {
	name, _ := cmd.Flags().GetString("config")
	if name == "" {
		name = os.Getenv("IMAGEGATE_CONFIG")
	}
	if name == "" {
		return nil, "", nil
	}
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxConfig {
		err = fmt.Errorf("%d bytes are more than %d", info.Size(), maxConfig)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(name)
	}
	var raw map[string]any
	if err == nil {
		err = yaml.Unmarshal(data, &raw)
	}
	if err != nil {
		return nil, name, usage("the configuration file %s cannot be used: %v", name, err)
	}
	values := map[string]string{}
	for k, v := range raw {
		if list, ok := v.([]any); ok {
			parts := make([]string, len(list))
			for i := range list {
				parts[i] = fmt.Sprint(list[i])
			}
			values[k] = strings.Join(parts, ",")
			continue
		}
		values[k] = fmt.Sprint(v)
	}
	return values, name, nil
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
