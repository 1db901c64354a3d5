// Package manifest reads Kubernetes manifests: YAML or JSON of any number of
// documents and lists, from files, directories or a stream, bounded in every
// direction, each field with the line it stands on.
package manifest

import (
	"sync"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is one Kubernetes object as written. It does not change once it was
// read; whoever wants to change its content copies it.
type Object struct {
	// File and Line are where the object begins. File is empty for what was
	// read from a cluster.
	File string
	Line int
	// Unstructured is the object's content.
	Unstructured *unstructured.Unstructured
	// node is the object as parsed, which knows the line of every field; nil
	// for what was read from a cluster. offset is added to its lines.
	node   *yaml.Node
	offset int

	// found guards templates and unreadable, which every check asks for.
	found      sync.Once
	templates  []Template
	unreadable []error
}

// Template is a pod spec found in an object, and where it stands. It is shared
// by all who ask for it: read it, never write it.
type Template struct {
	Object *Object
	// Path is the field that holds the pod's metadata and spec, for example
	// "spec.template", or "" for a pod itself.
	Path string
	// SpecPath is the field that holds the pod's spec, for example
	// "spec.template.spec", "spec" for a pod, or "spec.podSpec".
	SpecPath string
	Meta     metav1.ObjectMeta
	Spec     corev1.PodSpec
}

// FromCluster wraps what a cluster answered, which has no file and no lines.
func FromCluster(u *unstructured.Unstructured) *Object { return &Object{Unstructured: u} }

// GVK is the object's group, version and kind.
func (o *Object) GVK() schema.GroupVersionKind { return o.Unstructured.GroupVersionKind() }

// Kind is the object's kind.
func (o *Object) Kind() string { return o.Unstructured.GetKind() }

// Namespace is the namespace as written: empty when the manifest leaves it to
// whoever applies it, and for what has none.
func (o *Object) Namespace() string { return o.Unstructured.GetNamespace() }

// Name is metadata.name, or what stands in for it: generateName.
func (o *Object) Name() string {
	if name := o.Unstructured.GetName(); name != "" {
		return name
	}
	return o.Unstructured.GetGenerateName()
}

// Labels are the object's own labels, not those of its pods.
func (o *Object) Labels() map[string]string { return o.Unstructured.GetLabels() }

// Is reports whether the object is of this group and kind, in any version.
func (o *Object) Is(group, kind string) bool {
	gvk := o.GVK()
	return gvk.Group == group && gvk.Kind == kind
}
