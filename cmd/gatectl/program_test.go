package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxProgram is the promise in bytes: a pipeline pulls this before every step.
const maxProgram = 20 << 20

func TestTheProgramIsSmallAndStatic(t *testing.T) {
	program := filepath.Join(t.TempDir(), "gatectl")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("gatectl is %.1f MB", float64(info.Size())/1e6)
	if info.Size() > maxProgram {
		t.Errorf("%d bytes are more than %d", info.Size(), maxProgram)
	}
}

func TestTheProgramKnowsNothingOfHowTheGateDecides(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	heavy := []string{
		"github.com/aquasecurity/", "github.com/sigstore/", "k8s.io/", "sigs.k8s.io/", "knative.dev/", "github.com/tektoncd/",
		"github.com/gin-gonic/", "modernc.org/", "github.com/riverqueue/", "github.com/google/cel-go/",
	}
	// Of the checks, reports need the words; how a policy decides is not among
	// them.
	own := map[string]bool{"client": true, "cmd/gatectl": true, "internal/gate": true, "internal/report": true, "internal/policy/check": true, "internal/settings": true}
	packages := strings.Fields(string(out))
	if len(packages) < 100 {
		t.Fatalf("%d packages were looked at", len(packages))
	}
	for _, p := range packages {
		if p == "database/sql" { // its interfaces alone, database/sql/driver, come with UUIDs
			t.Errorf("gatectl depends on %s", p)
		}
		for _, prefix := range heavy {
			if strings.HasPrefix(p+"/", prefix) {
				t.Errorf("gatectl depends on %s", p)
			}
		}
		if name, ok := strings.CutPrefix(p, "github.com/imagegate/imagegate/"); ok && !own[name] {
			t.Errorf("gatectl depends on %s", name)
		}
	}
}
