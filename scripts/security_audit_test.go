// Package scripts_test runs the scripts that people and CI run by hand.
package scripts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl": func() { os.Exit(kubectl(os.Args[1:])) }})
}

// TestScripts runs them against a cluster that is files: $CLUSTER/pods.yaml holds
// the pods, and so on.
func TestScripts(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SCRIPTS", here)
			e.Setenv("CLUSTER", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a program that must end with the given status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGUMENT…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		if _, err := fmt.Sscanf(err.Error(), "exit status %d", &got); err != nil {
			ts.Fatalf("%s: %v", args[1], err)
		}
	}
	if got != want {
		ts.Fatalf("%s ended with %d, expected %d", args[1], got, want)
	}
}

// kubectl answers `kubectl get` from files. Templates are Go's own in kubectl
// too, over the objects' JSON, so what the script makes of them is real.
func kubectl(args []string) int {
	fail := func(words ...any) int {
		fmt.Fprintln(os.Stderr, words...)
		return 1
	}
	var namespace, output string
	var words []string
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "--context":
			i++
			if args[i] != "there" {
				return fail("error: context was not found for specified context:", args[i])
			}
		case "--namespace":
			i++
			namespace = args[i]
		case "-o":
			i++
			output = args[i]
		case "--all-namespaces":
		default:
			words = append(words, args[i])
		}
	}
	if len(words) < 2 || words[0] != "get" {
		return fail("the audit may only get, not", strings.Join(words, " "))
	}
	if len(words) == 3 {
		list, err := objects("namespaces", "")
		if err != nil || !slices.ContainsFunc(list, func(o any) bool { return name(o, "name") == words[2] }) {
			return fail("Error from server (NotFound): namespaces", words[2], "not found", err)
		}
		return 0
	}
	list, err := objects(words[1], namespace)
	if err != nil {
		return fail("Error from server (Forbidden):", err)
	}
	text, ok := strings.CutPrefix(output, "go-template=")
	if !ok {
		return fail("the audit asks for", output)
	}
	t, err := template.New("output").Parse(text)
	if err == nil {
		err = t.Execute(os.Stdout, map[string]any{"items": list})
	}
	if err != nil {
		return fail("error executing template:", err)
	}
	return 0
}

// objects are those of a file; a file that is not there is forbidden.
func objects(resource, namespace string) ([]any, error) {
	data, err := os.ReadFile(filepath.Join(os.Getenv("CLUSTER"), resource+".yaml"))
	if err != nil {
		return nil, err
	}
	var list []any
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(o any) bool { return namespace != "" && name(o, "namespace") != namespace }), nil
}

// name is a field of an object's metadata.
func name(o any, field string) string {
	object, _ := o.(map[string]any)
	metadata, _ := object["metadata"].(map[string]any)
	s, _ := metadata[field].(string)
	return s
}
