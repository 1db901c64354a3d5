package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// built compiles the program once for a test.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gatectl")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// images are what each snippet is asked about, and the status it must end with.
var images = []struct {
	name   string
	status int
}{{"pass", 0}, {"fail", 2}, {"error", 3}, {"slow", 0}}

func TestTheSnippetsOfTheDocumentationWork(t *testing.T) {
	program := built(t)
	for _, ci := range []struct {
		name    string
		snippet func(*testing.T) snippet
		// set is the CI's part of the environment.
		set func(*job, *standIn)
		// left is what a job must leave.
		left func(j *job, out, image string, status int)
	}{
		{"GitHub Actions", githubSnippet, func(j *job, g *standIn) {
			delete(j.env, "IMAGEGATE_TOKEN_FILE")
			set(j, "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=team/app", "GITHUB_RUN_ID=7", "GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=gate",
				"RUNNER_TEMP="+j.in("temp"), "GITHUB_OUTPUT="+j.in("output"), "GITHUB_STEP_SUMMARY="+j.in("summary"), "GITHUB_PATH="+j.in("path"),
				"ACTIONS_ID_TOKEN_REQUEST_URL="+g.url+"/github/token?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=runner-secret")
		}, func(j *job, out, image string, status int) {
			if !strings.Contains(j.text("summary"), image) || !strings.Contains(j.text("temp/imagegate.sarif"), `"2.1.0"`) {
				j.t.Error("the summary or the SARIF file is missing")
			}
			if deployed := strings.Contains(out, "deploying "+digest); deployed != (status == 0) {
				j.t.Errorf("deployed: %t", deployed)
			}
			if annotated := strings.Contains(out, "\n::error title="); annotated != (status != 0) {
				j.t.Errorf("annotated: %t", annotated)
			}
		}},
		{"GitLab CI", gitlabSnippet, func(j *job, g *standIn) {
			j.installed()
			delete(j.env, "IMAGEGATE_TOKEN_FILE")
			set(j, "GITLAB_CI=true", "CI_SERVER_URL=https://gitlab.example", "CI_JOB_ID=9", "CI_PROJECT_DIR="+j.in("work"), "IMAGEGATE_ID_TOKEN="+g.allow(jwt("gitlab", time.Hour)))
		}, func(j *job, _, image string, _ int) {
			if !strings.Contains(j.text("work/imagegate-junit.xml"), image) || !strings.Contains(j.text("work/gl-container-scanning-report.json"), "container_scanning") {
				j.t.Error("a report is not about the image")
			}
		}},
		{"Jenkins", jenkinsSnippet, func(j *job, _ *standIn) {
			set(j.installed(), "JENKINS_URL=https://ci.example", "JOB_NAME=app", "BUILD_ID=3", "WORKSPACE="+j.in("work"), "WORKSPACE_TMP="+j.in("temp"))
		}, func(j *job, _, image string, _ int) {
			for _, name := range []string{"imagegate-junit.xml", "imagegate.md", "imagegate.html"} {
				if !strings.Contains(j.text("work/"+name), image) {
					j.t.Errorf("%s is not about the image", name)
				}
			}
		}},
		{"curl", func(t *testing.T) snippet { return snippet{steps: []step{{run: fenced(t, "curl", "bash")}}} }, func(j *job, _ *standIn) {
			set(j, "KEY=gatectl-run-7", "TMPDIR="+j.in("temp"))
		}, func(j *job, out, image string, _ int) {
			if !strings.Contains(out, image) {
				j.t.Errorf("the verdict is not shown:\n%s", out)
			}
			if left, _ := os.ReadDir(j.in("temp")); len(left) > 0 {
				j.t.Errorf("%s is left", left[0].Name())
			}
		}},
	} {
		for _, image := range images {
			t.Run(fmt.Sprintf("%s ends with %d for %s", ci.name, image.status, image.name), func(t *testing.T) {
				t.Parallel()
				g := newStandIn(t)
				j := newJob(t, g, program)
				ci.set(j, g)
				j.env["IMAGE"] = "registry.example/team/" + image.name + ":1"
				out, status := j.run(ci.snippet(t))
				if status != image.status {
					t.Fatalf("status %d, want %d:\n%s", status, image.status, out)
				}
				if strings.Contains(out, token) || strings.Contains(out, "eyJ") {
					t.Error("a token is in the output")
				}
				ci.left(j, out, j.env["IMAGE"], status)
			})
		}
	}
}

func set(j *job, env ...string) {
	for _, one := range env {
		name, value, _ := strings.Cut(one, "=")
		j.env[name] = value
	}
}

func TestTheSnippetOfSeveralImagesWritesOneFile(t *testing.T) {
	j := newJob(t, newStandIn(t), built(t)).installed()
	text := strings.ReplaceAll(fenced(t, "Several images", "bash"), "team/worker:", "team/fail:")
	out, status := j.run(snippet{steps: []step{{run: strings.ReplaceAll(text, "team/app:", "team/pass:")}}})
	if status != exitFail || strings.Count(j.text("work/release-junit.xml"), "<testsuites") != 1 {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestCurlEndsWithWhatTheGateSays(t *testing.T) {
	for name, want := range map[string]string{"taken": "used for another request", "unknown-policy": "there is no policy", "unsigned": "pass  registry.example"} {
		t.Run(name, func(t *testing.T) {
			j := newJob(t, newStandIn(t), "")
			set(j, "KEY=run-7", "IMAGE=registry.example/team/"+name+":1")
			out, status := j.run(snippet{steps: []step{{run: fenced(t, "curl", "bash")}}})
			if status != exitError || !strings.Contains(out, want) {
				t.Errorf("status %d:\n%s", status, out)
			}
		})
	}
}
