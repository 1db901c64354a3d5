package pipelines

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const pinned = "registry.example/team/app@sha256:2f5dcbd9a1d4c6c8a7e1b4c0f3e2d1a09b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e"

// ran is what came of a step's script.
type ran struct {
	status int
	output string
	calls  string // of the program that stands in for the real one
	dir    string
}

// runScript runs a Task's script with programs that note how they are called
// and then do what the given shell text says.
func runScript(t *testing.T, task string, programs map[string]string, env map[string]string, args ...string) ran {
	t.Helper()
	dir := t.TempDir()
	for name, body := range programs {
		text := "#!/bin/sh\necho \"" + name + " $*\" >>" + dir + "/calls\n" + body + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	steps := tasks(t)[task].Spec.Steps
	script := steps[len(steps)-1].Script
	for _, path := range []string{"/accepted/", "/tmp/digest"} {
		script = strings.ReplaceAll(script, path, dir+path)
	}
	for _, sub := range []string{"accepted", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "accepted", "image"), pinned)
	write(t, filepath.Join(dir, "script"), script)
	cmd := exec.Command("/bin/sh", append([]string{filepath.Join(dir, "script")}, args...)...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + dir + ":/bin:/usr/bin", "DIR=" + dir}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+strings.ReplaceAll(v, "DIR", dir))
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	r := ran{output: string(out), dir: dir}
	if errors.As(err, &exit) {
		r.status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	calls, _ := os.ReadFile(filepath.Join(dir, "calls"))
	r.calls = strings.ReplaceAll(string(calls), dir, "DIR")
	return r
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kubectl stands in for a cluster with one Deployment, at revision 4; setting
// an image makes it 5.
const kubectl = `case "$*" in
*containers*) echo "$CONTAINERS" ;;
*revision}) if [ -f "$DIR/set" ]; then echo 5; else echo 4; fi ;;
*"set image"*) if [ -z "$SAME" ]; then touch "$DIR/set"; fi ;;
*"rollout status"*) if [ -n "$FAILS" ]; then exit 1; fi ;;
esac`

func TestDeploy(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		status int
		called []string
		never  string
		says   string
	}{
		"the only container of the Deployment named as the repository is set to the digest": {
			env:    map[string]string{"CONTAINERS": "main"},
			called: []string{"--namespace=test set image deployment/app main=" + pinned, "--namespace=test rollout status deployment/app --timeout=5m"},
			never:  "undo",
		},
		"of several containers it is the one named as the Deployment": {
			env:    map[string]string{"CONTAINERS": "proxy app"},
			called: []string{"set image deployment/app app=" + pinned},
		},
		"names that are given count": {
			env:    map[string]string{"CONTAINERS": "proxy web", "CONTAINER": "web", "DEPLOYMENT": "shop", "NAMESPACE": "team-test"},
			called: []string{"--namespace=team-test set image deployment/shop web=" + pinned},
		},
		"a container that is not there changes nothing": {
			env: map[string]string{"CONTAINERS": "proxy web"}, status: 1, never: "set image", says: "has no container app, only proxy web",
		},
		"a rollout that does not succeed is undone": {
			env: map[string]string{"CONTAINERS": "main", "FAILS": "1"}, status: 1,
			called: []string{"rollout undo deployment/app --to-revision=4"}, says: "going back to revision 4",
		},
		"a rollout this run did not begin is not undone": {
			env: map[string]string{"CONTAINERS": "main", "FAILS": "1", "SAME": "1"}, status: 1, never: "undo",
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"ENVIRONMENT": "test", "NAMESPACE": "", "DEPLOYMENT": "", "CONTAINER": "", "TIMEOUT": "5m", "FAILS": "", "SAME": ""}
			for k, v := range c.env {
				env[k] = v
			}
			r := runScript(t, "deploy", map[string]string{"kubectl": kubectl}, env)
			if r.status != c.status {
				t.Fatalf("exit status %d, want %d\n%s%s", r.status, c.status, r.calls, r.output)
			}
			for _, want := range c.called {
				if !strings.Contains(r.calls, want) {
					t.Errorf("%q was not called:\n%s", want, r.calls)
				}
			}
			if c.never != "" && strings.Contains(r.calls, c.never) {
				t.Errorf("%q was called:\n%s", c.never, r.calls)
			}
			if !strings.Contains(r.output, c.says) {
				t.Errorf("it says %q, want %q", r.output, c.says)
			}
		})
	}
}

// buildah stands in for the real one: it writes the digest file.
const buildah = `for a; do case $a in --digestfile=*) echo sha256:2f5d >"${a#--digestfile=}" ;; esac; done
if [ -n "${REGISTRY_AUTH_FILE:-}" ]; then echo "auth $REGISTRY_AUTH_FILE" >>"$DIR/calls"; fi`

func buildEnv(more map[string]string) map[string]string {
	env := map[string]string{
		"IMAGE": "registry.example:5000/team/app:1.2", "CONTEXT": ".", "DOCKERFILE": "./Dockerfile", "FORMAT": "oci", "PLATFORM": "", "TLSVERIFY": "true",
		"CERTIFICATES": "/ca", "DOCKERCONFIG": "", "RESULT_URL": "DIR/url", "RESULT_DIGEST": "DIR/digest", "RESULT_IMAGE": "DIR/image",
	}
	for k, v := range more {
		env[k] = v
	}
	return env
}

func TestBuildah(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		args   []string
		called []string
		url    string
	}{
		"the image is built, pushed and named": {
			called: []string{
				"buildah build --format=oci --file=./Dockerfile --tag=registry.example:5000/team/app:1.2 --tls-verify=true --cert-dir=/ca .\n",
				"buildah push --digestfile=DIR/tmp/digest --tls-verify=true --cert-dir=/ca registry.example:5000/team/app:1.2 docker://registry.example:5000/team/app:1.2\n",
			},
			url: "registry.example:5000/team/app:1.2",
		},
		"arguments reach the build in one piece": {
			args: []string{"--build-arg=WORDS=a b"}, called: []string{"--build-arg=WORDS=a b ."}, url: "registry.example:5000/team/app:1.2",
		},
		"a platform has a tag of its own": {
			env: map[string]string{"PLATFORM": "linux/arm/v7"}, called: []string{"--platform=linux/arm/v7 ."}, url: "registry.example:5000/team/app:1.2-linux-arm-v7",
		},
		"credentials are found as a Secret has them": {
			env: map[string]string{"DOCKERCONFIG": "a Secret"}, called: []string{"auth a Secret/.dockerconfigjson"}, url: "registry.example:5000/team/app:1.2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			programs := map[string]string{"buildah": buildah}
			if c.env["DOCKERCONFIG"] != "" {
				c.env["DOCKERCONFIG"] = secret(t)
			}
			r := runScript(t, "buildah", programs, buildEnv(c.env), c.args...)
			if r.status != 0 {
				t.Fatalf("exit status %d\n%s%s", r.status, r.calls, r.output)
			}
			for _, want := range c.called {
				want = strings.ReplaceAll(want, "a Secret", c.env["DOCKERCONFIG"])
				if !strings.Contains(r.calls, want) {
					t.Errorf("%q was not called:\n%s", want, r.calls)
				}
			}
			if got := read(t, r.dir, "url"); got != c.url {
				t.Errorf("IMAGE_URL is %q, want %q", got, c.url)
			}
			if got := read(t, r.dir, "digest"); got != "sha256:2f5d" {
				t.Errorf("IMAGE_DIGEST is %q", got)
			}
		})
	}
}

func TestBuildahIndex(t *testing.T) {
	r := runScript(t, "buildah-index", map[string]string{"buildah": buildah}, buildEnv(nil), "sha256:aa", "sha256:bb")
	want := `buildah manifest create index
buildah manifest add --tls-verify=true --cert-dir=/ca index docker://registry.example:5000/team/app@sha256:aa
buildah manifest add --tls-verify=true --cert-dir=/ca index docker://registry.example:5000/team/app@sha256:bb
buildah manifest push --all --digestfile=DIR/tmp/digest --tls-verify=true --cert-dir=/ca index docker://registry.example:5000/team/app:1.2
`
	if r.status != 0 || r.calls != want {
		t.Errorf("exit status %d\n%s%swant\n%s", r.status, r.calls, r.output, want)
	}
	if got := read(t, r.dir, "image"); got != "registry.example:5000/team/app@sha256:2f5d" {
		t.Errorf("the index is %q", got)
	}
}

// secret is a mounted Secret of type kubernetes.io/dockerconfigjson.
func secret(t *testing.T) string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".dockerconfigjson"), "{}")
	return dir
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
