package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// snippet is what a job of a CI runs: shell in steps, in the environment the
// snippet and the CI give it.
type snippet struct {
	steps []step
	env   map[string]string
}

type step struct {
	run string
	env map[string]string
}

// fenced finds the blocks of a section of docs/how-to/ci.md.
func fenced(t *testing.T, section, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/how-to/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("ci.md has no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	_, block, ok := strings.Cut(rest, "\n```"+language+"\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !ok || !closed {
		t.Fatalf("%s has no block of %s", section, language)
	}
	return block + "\n"
}

func githubSnippet(t *testing.T) snippet {
	var workflow struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct {
				Run  string
				Uses string
				Env  map[string]string
			}
		}
	}
	parse(t, fenced(t, "GitHub Actions", "yaml"), &workflow)
	job := workflow.Jobs["gate"]
	s := snippet{env: job.Env}
	for _, one := range job.Steps {
		if one.Run != "" {
			s.steps = append(s.steps, step{one.Run, one.Env})
		}
	}
	return s
}

func gitlabSnippet(t *testing.T) snippet {
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
	}
	parse(t, fenced(t, "GitLab CI", "yaml"), &jobs)
	return snippet{env: jobs["gate"].Variables, steps: []step{{run: "set -eo pipefail\n" + strings.Join(jobs["gate"].Script, "\n")}}}
}

var jenkinsShell = regexp.MustCompile(`(?s)sh '''(.*?)'''`)

func jenkinsSnippet(t *testing.T) snippet {
	var s snippet
	for _, m := range jenkinsShell.FindAllStringSubmatch(fenced(t, "Jenkins", "groovy"), -1) {
		s.steps = append(s.steps, step{run: m[1]})
	}
	return s
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// fakeDocker has the image of gatectl hold the one that was built.
const fakeDocker = `#!/bin/sh
case "$1 $2" in
"cp gatectl:/gatectl") exec cp "$GATECTL_BUILT" "$3" ;;
"create --name" | "rm gatectl") exit 0 ;;
esac
echo "docker $*: not expected" >&2
exit 125
`

// job is where a snippet runs.
type job struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newJob(t *testing.T, g *standIn, gatectl string) *job {
	t.Helper()
	for program, pkg := range map[string]string{"bash": "bash", "curl": "curl", "jq": "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: apt-get install -y %s", program, pkg)
		}
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, sub := range []string{"bin", "temp", "work"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/docker", fakeDocker, 0o700)
	return &job{t, dir, map[string]string{
		"HOME": dir, "PATH": filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "GATECTL_BUILT": gatectl,
		"IMAGEGATE_SERVER": g.url, "IMAGEGATE_TOKEN_FILE": write("token", token+"\n", 0o600), "IMAGEGATE_TIMEOUT": "20s",
	}}
}

// installed has gatectl on the job's PATH.
func (j *job) installed() *job {
	if err := os.Symlink(j.env["GATECTL_BUILT"], filepath.Join(j.dir, "bin", "gatectl")); err != nil {
		j.t.Fatal(err)
	}
	return j
}

func (j *job) in(name string) string { return filepath.Join(j.dir, name) }

func (j *job) text(name string) string {
	data, err := os.ReadFile(j.in(name))
	if err != nil {
		j.t.Error(err)
	}
	return string(data)
}

// run runs the steps until one fails, and returns what they wrote and the last
// one's status. The job's environment wins over the snippet's: that names
// servers that are examples.
func (j *job) run(s snippet) (string, int) {
	j.t.Helper()
	var all strings.Builder
	for _, one := range s.steps {
		env := map[string]string{}
		for _, values := range []map[string]string{s.env, j.env, one.env} {
			for k, v := range values {
				env[k] = j.expression(v)
			}
		}
		if added, err := os.ReadFile(j.in("path")); err == nil {
			env["PATH"] = strings.TrimSpace(string(added)) + ":" + env["PATH"]
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one.run)
		cmd.Dir, cmd.WaitDelay = j.in("work"), 5*time.Second
		for k, v := range env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		out, err := cmd.CombinedOutput()
		all.Write(out)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return all.String(), exit.ExitCode()
		}
		if err != nil {
			j.t.Fatal(err)
		}
	}
	return all.String(), 0
}

var outputOf = regexp.MustCompile(`\$\{\{ steps\.gate\.outputs\.([a-z-]+) \}\}`)

// expression fills in a step's outputs, as GitHub reads them from their file.
func (j *job) expression(value string) string {
	m := outputOf.FindStringSubmatch(value)
	if m == nil {
		return value
	}
	_, rest, _ := strings.Cut("\n"+j.text("output"), "\n"+m[1]+"<<")
	end, rest, _ := strings.Cut(rest, "\n")
	found, _, ok := strings.Cut(rest, "\n"+end+"\n")
	if !ok {
		j.t.Errorf("there is no output %s in %q", m[1], j.text("output"))
	}
	return found
}
