package pipelines

import (
	"strings"
	"testing"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
)

// TestEveryTaskHasARunThatFits holds the samples against what they run.
func TestEveryTaskHasARunThatFits(t *testing.T) {
	tasks := tasks(t)
	sampled := map[string]bool{}
	for _, d := range documents(t, "../tasks") {
		run, ok := d.object.(*v1.TaskRun)
		if !ok {
			continue
		}
		task := tasks[run.Spec.TaskRef.Name]
		if task == nil {
			t.Errorf("%s: there is no Task %s", d.file, run.Spec.TaskRef.Name)
			continue
		}
		sampled[task.Name] = true
		pt := v1.PipelineTask{Name: "run", Params: run.Spec.Params}
		var declared []v1.PipelineWorkspaceDeclaration
		for _, w := range run.Spec.Workspaces {
			pt.Workspaces = append(pt.Workspaces, v1.WorkspacePipelineTaskBinding{Name: w.Name, Workspace: w.Name})
			declared = append(declared, v1.PipelineWorkspaceDeclaration{Name: w.Name})
		}
		for _, misfit := range append(paramMisfits(pt, task), workspaceMisfits(pt, task, declared)...) {
			t.Errorf("%s: %s", d.file, misfit)
		}
	}
	for name := range tasks {
		if !sampled[name] {
			t.Errorf("Task %s has no run in its samples", name)
		}
	}
}

// sourceDocument is the file of the Pipeline that is not ours, and shares the
// name of one that is.
const sourceDocument = "testdata/source-document-pipeline.yaml"

func TestEveryPipelineHasARunThatFits(t *testing.T) {
	all := pipelines(t)
	sampled := map[string]bool{}
	for _, d := range documents(t, ".") {
		run, ok := d.object.(*v1.PipelineRun)
		if !ok {
			continue
		}
		file := run.Spec.PipelineRef.Name + "/" + run.Spec.PipelineRef.Name + ".yaml"
		if strings.Contains(d.file, "source-document") {
			file = sourceDocument
		}
		p := all[file]
		if p == nil {
			t.Errorf("%s: there is no Pipeline %s", d.file, file)
			continue
		}
		sampled[file] = true
		for _, misfit := range runMisfits(run, p) {
			t.Errorf("%s: %s", d.file, misfit)
		}
	}
	for file := range all {
		if !sampled[file] {
			t.Errorf("%s has no run in its samples", file)
		}
	}
}

func runMisfits(run *v1.PipelineRun, p *v1.Pipeline) []string {
	// A Pipeline is to its run what a Task is to it: params and workspaces that
	// are wanted and given.
	task := &v1.Task{Spec: v1.TaskSpec{Params: p.Spec.Params}}
	task.Name = p.Name
	pt := v1.PipelineTask{Params: run.Spec.Params}
	var declared []v1.PipelineWorkspaceDeclaration
	for _, w := range p.Spec.Workspaces {
		task.Spec.Workspaces = append(task.Spec.Workspaces, v1.WorkspaceDeclaration{Name: w.Name, Optional: w.Optional})
	}
	for _, w := range run.Spec.Workspaces {
		pt.Workspaces = append(pt.Workspaces, v1.WorkspacePipelineTaskBinding{Name: w.Name, Workspace: w.Name})
		declared = append(declared, v1.PipelineWorkspaceDeclaration{Name: w.Name})
	}
	out := append(paramMisfits(pt, task), workspaceMisfits(pt, task, declared)...)
	names := map[string]bool{}
	for _, pt := range append(append([]v1.PipelineTask{}, p.Spec.Tasks...), p.Spec.Finally...) {
		names[pt.Name] = true
	}
	for _, s := range run.Spec.TaskRunSpecs {
		if !names[s.PipelineTaskName] {
			out = append(out, "taskRunSpecs: the Pipeline has no task "+s.PipelineTaskName)
		}
	}
	return out
}
