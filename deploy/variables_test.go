package deploy_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPasswordsAreFilesAndNeverVariables: a variable is in every child process,
// every dump, and in what kubectl describe shows.
func TestPasswordsAreFilesAndNeverVariables(t *testing.T) {
	secret := regexp.MustCompile(`(?i)password|passwd|token|secret`)
	for _, b := range builds(t) {
		for _, p := range b.pods(t) {
			for _, c := range p.containers() {
				at := b.name + ": " + p.owner + " " + c.Name
				for _, from := range c.EnvFrom {
					if from.SecretRef != nil {
						t.Errorf("%s makes variables of the Secret %s", at, from.SecretRef.Name)
					}
				}
				for _, e := range c.Env {
					if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
						t.Errorf("%s makes a variable of the Secret %s", at, e.ValueFrom.SecretKeyRef.Name)
					}
					value := valueOf(t, b, p, e)
					if secret.MatchString(e.Name) && value != "" && !strings.HasPrefix(value, "/") {
						t.Errorf("%s: %s holds %q", at, e.Name, value)
					}
					u, err := url.Parse(value)
					if err != nil || u.User == nil {
						continue
					}
					if _, has := u.User.Password(); has || secret.MatchString(u.RawQuery) && !strings.Contains(u.RawQuery, "=/run/secrets/") {
						t.Errorf("%s: the URL in %s holds a password", at, e.Name)
					}
				}
			}
		}
	}
}

// TestVariablesAndFlagsOfTheGateExist: a variable that is misspelt is silence.
func TestVariablesAndFlagsOfTheGateExist(t *testing.T) {
	files, err := filepath.Glob("../cmd/imagegate/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	defined := map[string]bool{}
	flag := regexp.MustCompile(`(?:Var|String|flags)\((?:&[\w.]+, |cmd, )?"([a-z-]+)"`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range flag.FindAllStringSubmatch(string(text), -1) {
			defined[m[1]] = true
		}
	}
	for _, b := range builds(t) {
		d := gateOf(b)
		if d == nil {
			continue
		}
		p := d.Spec.Template.Spec
		for _, c := range append(slices.Clone(p.InitContainers), p.Containers...) {
			for _, a := range c.Args {
				if name, _, _ := strings.Cut(strings.TrimPrefix(a, "--"), "="); strings.HasPrefix(a, "--") && !defined[name] {
					t.Errorf("%s: %s has no flag %s", b.name, c.Name, a)
				}
			}
			for _, e := range c.Env {
				name, ours := strings.CutPrefix(e.Name, "IMAGEGATE_")
				if ours && !defined[strings.ToLower(strings.ReplaceAll(name, "_", "-"))] {
					t.Errorf("%s: %s has no flag for %s", b.name, c.Name, e.Name)
				}
			}
		}
	}
}
