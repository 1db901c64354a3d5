// Package pipelines holds the Tasks and Pipelines that ship. Its tests hold
// them against Tekton's own types, and against each other: that a Pipeline fits
// its Tasks is what Tekton finds out only when it runs.
package pipelines

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/config"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"knative.dev/pkg/apis"
)

// document is one object of a file.
type document struct {
	file   string
	object runtime.Object
}

// validation is what the API server's webhook validates in.
func validation(t *testing.T) context.Context {
	t.Helper()
	ctx := t.Context()
	return apis.WithinCreate(config.ToContext(ctx, config.FromContextOrDefaults(ctx)))
}

// decode reads objects strictly: a field that does not exist is an error.
func decode(data []byte) ([]runtime.Object, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, v1beta1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var objects []runtime.Object
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}

// documents are all objects of the YAML files under folders.
func documents(t *testing.T, folders ...string) []document {
	t.Helper()
	var out []document
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			objects, err := decode(data)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			for _, o := range objects {
				out = append(out, document{path, o})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// all are the objects that ship, and the source document's Pipeline.
func all(t *testing.T) []document { return documents(t, "../tasks", ".") }

// tasks are the Tasks by name.
func tasks(t *testing.T) map[string]*v1.Task {
	t.Helper()
	out := map[string]*v1.Task{}
	for _, d := range documents(t, "../tasks") {
		if task, ok := d.object.(*v1.Task); ok {
			task.SetDefaults(validation(t))
			out[task.Name] = task
		}
	}
	if len(out) < 5 {
		t.Fatalf("%d Tasks were found", len(out))
	}
	return out
}

// pipelines are the Pipelines by file; those of v1beta1 as Tekton converts
// them.
func pipelines(t *testing.T) map[string]*v1.Pipeline {
	t.Helper()
	out := map[string]*v1.Pipeline{}
	for _, d := range documents(t, ".") {
		switch p := d.object.(type) {
		case *v1.Pipeline:
			out[d.file] = p
		case *v1beta1.Pipeline: //nolint:staticcheck // deprecated, and what the source document has
			converted := &v1.Pipeline{}
			if err := p.ConvertTo(validation(t), converted); err != nil {
				t.Fatalf("%s: %v", d.file, err)
			}
			out[d.file] = converted
		default:
			continue
		}
		out[d.file].SetDefaults(validation(t))
	}
	if len(out) < 3 {
		t.Fatalf("%d Pipelines were found", len(out))
	}
	return out
}
