package main

import (
	"os"
	"strings"
)

// ci is a system that runs pipelines, as its jobs see it. Fields other than
// name are names of environment variables.
type ci struct {
	name string
	// signs are set in each of its jobs.
	signs []string
	// run tell a job's run, and the attempt at it, from all others; without
	// all of them the run is not known.
	run []string
	// temp is a directory of the job that its commands share, and workspace
	// the one whose files the system collects.
	temp, workspace string
}

func systems() []ci {
	return []ci{
		{"github", []string{"GITHUB_ACTIONS"}, []string{"GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB"}, "RUNNER_TEMP", "RUNNER_TEMP"},
		{"gitlab", []string{"GITLAB_CI"}, []string{"CI_SERVER_URL", "CI_JOB_ID"}, "RUNNER_TEMP_PROJECT_DIR", "CI_PROJECT_DIR"},
		{"jenkins", []string{"JENKINS_URL", "BUILD_ID"}, []string{"JENKINS_URL", "JOB_NAME", "BUILD_ID"}, "WORKSPACE_TMP", "WORKSPACE"},
	}
}

// tektonDir is in every step of a Tekton Task.
const tektonDir = "/tekton"

// detectCI finds the system by a job's environment; one without a name is none
// that is known.
func detectCI(getenv func(string) string, isDir func(string) bool) ci {
	for _, c := range systems() {
		if v := values(c.signs, getenv); v != nil && v[0] != "false" {
			return c
		}
	}
	if isDir(tektonDir) {
		return ci{name: "tekton", temp: "TMPDIR"}
	}
	return ci{}
}

// hereCI is the system this process runs in.
func hereCI() ci { return detectCI(os.Getenv, isDir) }

// values are those of the variables; nil where one is empty.
func values(variables []string, getenv func(string) string) []string {
	var out []string
	for _, name := range variables {
		v := getenv(name)
		if v == "" {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// runID names the job's run; empty where it is not known.
func (c ci) runID(getenv func(string) string) string {
	v := values(c.run, getenv)
	if v == nil {
		return ""
	}
	return c.name + "\n" + strings.Join(v, "\n")
}

// tempDir is where the job's commands may leave something for each other;
// empty where there is no such place.
func (c ci) tempDir() string {
	dir := os.Getenv(c.temp)
	if c.name == "tekton" {
		dir = os.TempDir()
	}
	if c.name == "" || dir == "" || !isDir(dir) {
		return ""
	}
	return dir
}

// reportDir is where the system finds files.
func (c ci) reportDir() string {
	if dir := os.Getenv(c.workspace); c.workspace != "" && dir != "" {
		return dir
	}
	return "."
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
