package pipelines

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
)

func TestEveryPipelineFitsItsTasks(t *testing.T) {
	tasks := tasks(t)
	for file, p := range pipelines(t) {
		for _, misfit := range misfits(p, tasks) {
			t.Errorf("%s: %s", file, misfit)
		}
	}
}

// TestWhatDoesNotFitIsNoticed breaks the Pipeline that ships in one place at a
// time.
func TestWhatDoesNotFitIsNoticed(t *testing.T) {
	const file = "secure-image-pipeline/secure-image-pipeline.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown Task":              {"name: image-gate", "name: imagegate", "there is no Task imagegate"},
		"an unknown param":             {"name: SIGN", "name: SIGNED", "Task image-gate has no param SIGNED"},
		"a required param left out":    {"    - name: ENVIRONMENT\n      value: $(params.ENVIRONMENT)\n", "", "Task deploy requires the param ENVIRONMENT"},
		"a string for an array":        {`value: ["$(params.BUILD_ARGS[*])"]`, "value: x", "param BUILD_ARGS is of type string, and Task buildah wants array"},
		"an unknown workspace of it":   {"    - name: source\n      workspace: source\n", "    - name: sources\n      workspace: source\n", "Task buildah has no workspace sources"},
		"a required workspace missing": {"    - name: source\n      workspace: source\n", "", "Task buildah requires the workspace source"},
		"an unknown workspace here":    {"workspace: dockerconfig", "workspace: dockerconfigs", "the Pipeline has no workspace dockerconfigs"},
		"an optional one for required": {"    description: The sources.\n", "    optional: true\n", "the workspace source is optional, and Task buildah requires it"},
		"an unknown result":            {"results.IMAGE_URL)@", "results.IMAGE_URI)@", "Task buildah has no result IMAGE_URI"},
		"an unknown task's result":     {"$(tasks.gate.results.decision)", "$(tasks.gates.results.decision)", "there is no task gates"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(string(data), c.old) {
				t.Fatalf("%s does not hold %q", file, c.old)
			}
			objects, err := decode([]byte(strings.Replace(string(data), c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			p := objects[0].(*v1.Pipeline)
			p.SetDefaults(validation(t))
			if got := misfits(p, tasks(t)); !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// misfits are what Tekton finds out only at run time.
func misfits(p *v1.Pipeline, tasks map[string]*v1.Task) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	refs := map[string]*v1.Task{} // by the Pipeline's name for them
	everyTask := append(append([]v1.PipelineTask{}, p.Spec.Tasks...), p.Spec.Finally...)
	for _, pt := range everyTask {
		task := tasks[pt.TaskRef.Name]
		if task == nil {
			say("%s: there is no Task %s", pt.Name, pt.TaskRef.Name)
			continue
		}
		refs[pt.Name] = task
		for _, misfit := range append(paramMisfits(pt, task), workspaceMisfits(pt, task, p.Spec.Workspaces)...) {
			say("%s: %s", pt.Name, misfit)
		}
	}
	for _, ref := range resultReferences(p.Spec) {
		switch task, ok := refs[ref.task]; {
		case !ok:
			say("$(tasks.%s.results.%s): there is no task %s", ref.task, ref.result, ref.task)
		case !hasResult(task, ref.result):
			say("Task %s has no result %s", task.Name, ref.result)
		}
	}
	return out
}

func paramMisfits(pt v1.PipelineTask, task *v1.Task) []string {
	var out []string
	given := map[string]v1.ParamType{}
	for _, p := range pt.Params {
		given[p.Name] = p.Value.Type
	}
	if pt.Matrix != nil {
		for _, p := range pt.Matrix.Params {
			given[p.Name] = v1.ParamTypeString // each combination has one
		}
	}
	for _, want := range task.Spec.Params {
		got, ok := given[want.Name]
		switch {
		case !ok && want.Default == nil:
			out = append(out, fmt.Sprintf("Task %s requires the param %s", task.Name, want.Name))
		case ok && got != want.Type:
			out = append(out, fmt.Sprintf("param %s is of type %s, and Task %s wants %s", want.Name, got, task.Name, want.Type))
		}
		delete(given, want.Name)
	}
	for name := range given {
		out = append(out, fmt.Sprintf("Task %s has no param %s", task.Name, name))
	}
	return out
}

func workspaceMisfits(pt v1.PipelineTask, task *v1.Task, declared []v1.PipelineWorkspaceDeclaration) []string {
	var out []string
	of := map[string]v1.PipelineWorkspaceDeclaration{}
	for _, w := range declared {
		of[w.Name] = w
	}
	given := map[string]string{}
	for _, w := range pt.Workspaces {
		given[w.Name] = w.Workspace
		if w.Workspace == "" {
			given[w.Name] = w.Name
		}
	}
	for _, want := range task.Spec.Workspaces {
		name, ok := given[want.Name]
		workspace, exists := of[name]
		switch {
		case !ok && !want.Optional:
			out = append(out, fmt.Sprintf("Task %s requires the workspace %s", task.Name, want.Name))
		case ok && !exists:
			out = append(out, fmt.Sprintf("the Pipeline has no workspace %s", name))
		case ok && workspace.Optional && !want.Optional:
			out = append(out, fmt.Sprintf("the workspace %s is optional, and Task %s requires it", name, task.Name))
		}
		delete(given, want.Name)
	}
	for name := range given {
		out = append(out, fmt.Sprintf("Task %s has no workspace %s", task.Name, name))
	}
	return out
}

type resultReference struct{ task, result string }

var resultForm = regexp.MustCompile(`\$\(tasks\.([a-z0-9-]+)\.results\.([A-Za-z0-9_-]+)(?:\[[*0-9]+\])?\)`)

// resultReferences are all in params, when expressions and results.
func resultReferences(spec v1.PipelineSpec) []resultReference {
	var out []resultReference
	for _, m := range resultForm.FindAllStringSubmatch(text(spec), -1) {
		out = append(out, resultReference{m[1], m[2]})
	}
	return out
}

func hasResult(task *v1.Task, name string) bool {
	for _, r := range task.Spec.Results {
		if r.Name == name {
			return true
		}
	}
	return false
}

// text is everything in an object, to search in.
func text(object any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(object); err != nil {
		panic(err)
	}
	return b.String()
}
