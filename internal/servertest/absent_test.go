package servertest

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestAMissingServerSkipsATestOrFailsItWhereServersAreRequired(t *testing.T) {
	const want = "Redis is not installed: scripts/services.sh installs it"
	for name, test := range map[string]struct{ required, skipped, failed string }{
		"on a developer's machine": {required: "", skipped: want},
		"in CI":                    {required: "required", failed: want},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IMAGEGATE_TEST_SERVERS", test.required)
			t.Setenv("PATH", t.TempDir())
			fake := &verdict{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				Redis(fake)
			}()
			<-done
			if fake.skipped != test.skipped || fake.failed != test.failed {
				t.Errorf("skipped %q, failed %q; expected %q, %q", fake.skipped, fake.failed, test.skipped, test.failed)
			}
		})
	}
}

// verdict notes how a test ends.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Skip(args ...any) { v.skipped = args[0].(string); runtime.Goexit() }

func (v *verdict) Fatal(args ...any) { v.failed = args[0].(string); runtime.Goexit() }

func TestProgramsAreOfOneDirectoryAndTheNewest(t *testing.T) {
	root := t.TempDir()
	install := func(dir string, mode os.FileMode, programs ...string) string {
		dir = filepath.Join(root, dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, program := range programs {
			if err := os.WriteFile(filepath.Join(dir, program), nil, mode); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	half := install("path", 0o755, "postgres")
	inert := install("inert", 0o644, "initdb", "postgres")
	old := install("postgresql/9.6/bin", 0o755, "initdb", "postgres")
	fifteen := install("postgresql/15/bin", 0o755, "initdb", "postgres")
	seventeen := install("postgresql/17/bin", 0o755, "initdb") // the client's package alone

	versions := newest(filepath.Join(root, "postgresql/*/bin"))
	if want := []string{seventeen, fifteen, old}; !slices.Equal(versions, want) {
		t.Errorf("the versions are %q, expected %q", versions, want)
	}
	if got := holding(append([]string{"", half, inert}, versions...), "initdb", "postgres"); got != fifteen {
		t.Errorf("the programs are of %q, expected %q", got, fifteen)
	}
	if got := holding([]string{half, inert}, "initdb", "postgres"); got != "" {
		t.Errorf("the programs are of %q, expected none", got)
	}
}
