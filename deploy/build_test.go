package deploy_test

import (
	iofs "io/fs"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// build is one kustomization as a cluster would get it.
type build struct {
	name    string
	objects []runtime.Object
	// foreign are objects of custom resources, whose types are not ours to
	// know.
	foreign []*unstructured.Unstructured
}

// keys are the ways the signing key may come, each by a component of its own.
var keys = []string{"signing-key-native", "signing-key-sealed", "signing-key-external", "signing-key-vault"}

// builds makes every kustomization of this directory, and production with each
// way the key may come.
func builds(t *testing.T) []build {
	t.Helper()
	out := []build{}
	for _, dir := range []string{"base", "overlays/dev", "overlays/production", "overlays/replicas", "examples/secure-app", "examples/source-document"} {
		out = append(out, kustomize(t, dir, ""))
	}
	for _, key := range keys[1:] {
		out = append(out, kustomize(t, "overlays/production", key))
	}
	return out
}

// kustomize builds a directory as `kubectl apply -k` does; key takes the place
// of production's signing-key-native.
func kustomize(t *testing.T, dir, key string) build {
	t.Helper()
	if key == "" {
		return made(t, filesys.MakeFsOnDisk(), dir, dir)
	}
	fs := copied(t)
	edit(t, fs, dir+"/kustomization.yaml", "components/"+keys[0], "components/"+key)
	return made(t, fs, dir, dir+" with "+key)
}

// made builds a directory of fs.
func made(t *testing.T, fs filesys.FileSystem, dir, name string) build {
	t.Helper()
	b := build{name: name}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, dir)
	if err != nil {
		t.Fatalf("%s: %v", b.name, err)
	}
	for _, r := range resources.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		b.add(t, text)
	}
	return b
}

// strict refuses fields Kubernetes does not know, and fields given twice.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

func (b *build) add(t *testing.T, text []byte) {
	t.Helper()
	o, _, err := strict.Decode(text, nil, nil)
	if err == nil {
		b.objects = append(b.objects, o)
		return
	}
	if !runtime.IsNotRegisteredError(err) {
		t.Errorf("%s: %v\n%s", b.name, err, text)
		return
	}
	u := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(text, &u.Object); err != nil {
		t.Errorf("%s: %v\n%s", b.name, err, text)
		return
	}
	b.foreign = append(b.foreign, u)
}

// copied is this directory in memory, to be changed.
func copied(t *testing.T) filesys.FileSystem {
	t.Helper()
	fs := filesys.MakeFsInMemory()
	root := os.DirFS(".")
	err := iofs.WalkDir(root, ".", func(name string, entry iofs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := iofs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return fs.WriteFile(name, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// edit replaces text that must be there.
func edit(t *testing.T, fs filesys.FileSystem, name, from, to string) {
	t.Helper()
	text, err := fs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), from, to, 1)
	if changed == string(text) {
		t.Fatalf("%s has no %s", name, from)
	}
	if err := fs.WriteFile(name, []byte(changed)); err != nil {
		t.Fatal(err)
	}
}
