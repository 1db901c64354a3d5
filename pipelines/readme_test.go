package pipelines

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryTasksReadmeNamesWhatItTakesAndGives(t *testing.T) {
	for _, task := range tasks(t) {
		data, err := os.ReadFile(filepath.Join("../tasks", task.Name, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		readme := string(data)
		for _, heading := range []string{"Install", "Parameters", "Workspaces", "Results", "Platforms", "Usage"} {
			if !strings.Contains(readme, "\n## "+heading+"\n") {
				t.Errorf("%s: the README has no section %s", task.Name, heading)
			}
		}
		for _, p := range task.Spec.Params {
			row := "| `" + p.Name + "` | "
			if p.Default != nil && p.Default.StringVal != "" {
				row += "`" + p.Default.StringVal + "` |"
			}
			if !strings.Contains(readme, row) {
				t.Errorf("%s: the README has no row %q", task.Name, row)
			}
		}
		for _, w := range task.Spec.Workspaces {
			if !strings.Contains(readme, "| `"+w.Name+"` | ") {
				t.Errorf("%s: the README does not name the workspace %s", task.Name, w.Name)
			}
		}
		for _, r := range task.Spec.Results {
			if !strings.Contains(readme, "| `"+r.Name+"` | ") {
				t.Errorf("%s: the README does not name the result %s", task.Name, r.Name)
			}
		}
	}
}
