package settings_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/settings"
)

// flags are those of the test's program.
type flags struct {
	server    string
	platforms []string
}

// run parses a command line of a program with two commands.
func run(t *testing.T, args ...string) (flags, error) {
	t.Helper()
	var f flags
	root := &cobra.Command{
		Use: "program", SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return settings.Apply(cmd) },
	}
	root.PersistentFlags().String("config", "", "")
	ask := &cobra.Command{Use: "ask", Run: func(*cobra.Command, []string) {}}
	ask.Flags().StringVar(&f.server, "the-server", "built in", "")
	ask.Flags().StringSliceVar(&f.platforms, "platform", nil, "")
	other := &cobra.Command{Use: "other", Run: func(*cobra.Command, []string) {}}
	other.Flags().Bool("only-other-has-it", false, "")
	root.AddCommand(ask, other)
	root.SetArgs(append([]string{"ask"}, args...))
	err := root.Execute()
	return f, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheCommandLineWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	config := file(t, "the-server: from the file\n")
	for _, c := range []struct {
		name, env, want string
		args            []string
	}{
		{name: "nothing is set", want: "built in"},
		{name: "the file", args: []string{"--config", config}, want: "from the file"},
		{name: "the environment", env: "from the environment", args: []string{"--config", config}, want: "from the environment"},
		{name: "the command line", env: "from the environment", args: []string{"--config", config, "--the-server", "typed"}, want: "typed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("IMAGEGATE_THE_SERVER", c.env)
			if got, err := run(t, c.args...); err != nil || got.server != c.want {
				t.Errorf("%q, %v, want %q", got.server, err, c.want)
			}
		})
	}
}

func TestTheFileIsNamedByTheEnvironmentToo(t *testing.T) {
	t.Setenv("IMAGEGATE_CONFIG", file(t, "the-server: from the file\nonly-other-has-it: true\n"))
	if got, err := run(t); err != nil || got.server != "from the file" {
		t.Errorf("%q, %v", got.server, err)
	}
}

func TestAListOfTheFileIsAListOfTheFlag(t *testing.T) {
	got, err := run(t, "--config", file(t, "platform: [linux/amd64, linux/arm64]\n"))
	if want := []string{"linux/amd64", "linux/arm64"}; err != nil || !slices.Equal(got.platforms, want) {
		t.Errorf("%q, %v, want %q", got.platforms, err, want)
	}
}

func TestValuesOfTheFileAreTakenAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"the-server: 2026-06-01\n":                    "2026-06-01",
		"the-server: 1e3\n":                           "1e3",
		"the-server: 010\n":                           "010",
		"the-server: yes\n":                           "yes",
		"the-server: ''\n":                            "built in",
		"the-server:\n":                               "built in",
		"the-server: ~\n":                             "built in",
		"the-server: []\n":                            "built in",
		"platform: [&a once]\nthe-server: *a\n":       "once",
		"platform: &a [b, c]\nthe-server: *a\n":       "b,c",
		"<<: {the-server: of another}\nplatform: a\n": "of another",
	} {
		if got, err := run(t, "--config", file(t, text)); err != nil || got.server != want {
			t.Errorf("%q gives %q, %v, want %q", text, got.server, err, want)
		}
	}
}

func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key":       {"the-sever: x\n", `"the-sever" is no flag of program`},
		"not YAML":             {"{", "cannot be used"},
		"a list at the top":    {"- a\n", "cannot be used"},
		"a map as a value":     {"the-server: {a: b}\n", `"the-server" has neither a value nor a list`},
		"a list in a list":     {"platform: [[a]]\n", `"platform" has neither a value nor a list`},
		"aliases upon aliases": {"platform: [&a " + strings.Repeat("a", 1<<10) + strings.Repeat(", *a", 1<<10) + "]\n", `"platform" has more than`},
		"a file too large":     {strings.Repeat("#", 1<<20+1), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, "--config", file(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || gate.CodeOf(err) != gate.CodeInvalid {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
