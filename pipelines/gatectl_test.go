package pipelines

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
)

// program builds gatectl, which the Tasks run.
func program(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "gatectl")
	if text, err := exec.Command("go", "build", "-o", out, "../cmd/gatectl").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// TestGatectlUnderstandsTheTasks runs every step of gatectl as a Task does with
// nothing but its required params, where no gate is: it must find that out (3),
// not that it is used wrongly (1), and leave every result that the Task
// promises.
func TestGatectlUnderstandsTheTasks(t *testing.T) {
	gatectl := program(t)
	steps := 0
	for _, task := range tasks(t) {
		for _, step := range task.Spec.Steps {
			if len(step.Command) == 0 || step.Command[0] != "/gatectl" {
				continue
			}
			steps++
			t.Run(task.Name+"/"+step.Name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				args := substituted(task, step.Args, map[string]string{"GATE_URL": "http://127.0.0.1:1", "IMAGE": "registry.example/team/app:1.2", "WAIT": "1s"})
				for i := range args {
					args[i] = strings.ReplaceAll(strings.ReplaceAll(args[i], "/tekton/results", dir), "/accepted", dir)
				}
				cmd := exec.Command(gatectl, args...)
				cmd.Env = []string{"IMAGEGATE_TIMEOUT=2s"}
				out, err := cmd.CombinedOutput()
				status := 0
				var exit *exec.ExitError
				if errors.As(err, &exit) {
					status = exit.ExitCode()
				}
				want := 3
				if task.Name == "gate-report" {
					want = 0 // it needs no gate
				}
				if status != want {
					t.Fatalf("exit status %d, want %d: gatectl %s\n%s", status, want, strings.Join(args, " "), out)
				}
				for _, r := range task.Spec.Results {
					if _, err := os.Stat(filepath.Join(dir, r.Name)); err != nil {
						t.Errorf("the Task promises %s, and gatectl writes none", r.Name)
					}
				}
			})
		}
	}
	if steps < 5 {
		t.Errorf("%d steps were run", steps)
	}
}

var variable = regexp.MustCompile(`\$\((params|workspaces)\.([A-Za-z0-9_-]+)(\.path|\[\*\])?\)`)

// substituted are args as Tekton makes them, no optional workspace being bound:
// its path is empty then.
func substituted(task *v1.Task, args []string, given map[string]string) []string {
	var out []string
	for _, arg := range args {
		if m := variable.FindStringSubmatch(arg); m != nil && m[3] == "[*]" {
			for _, p := range task.Spec.Params {
				if p.Name == m[2] && p.Default != nil {
					out = append(out, p.Default.ArrayVal...)
				}
			}
			continue
		}
		out = append(out, variable.ReplaceAllStringFunc(arg, func(s string) string {
			m := variable.FindStringSubmatch(s)
			if m[1] == "workspaces" {
				return ""
			}
			if value, ok := given[m[2]]; ok {
				return value
			}
			for _, p := range task.Spec.Params {
				if p.Name == m[2] && p.Default != nil {
					return p.Default.StringVal
				}
			}
			return s
		}))
	}
	return out
}
