package manifest

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Templates are the pod specs an object holds. They are recognised by their
// form and not by the object's kind: whatever has containers under a spec
// (Deployment, CronJob, Argo's Rollout, Knative's Service …) or under a podSpec
// would run them.
func Templates(o *Object) []Template {
	o.search()
	return o.templates
}

// Unreadable tells which fields have the form of a pod spec but hold what no
// pod spec does, for example a number for an image: nothing can be said about
// the containers there.
func Unreadable(o *Object) []error {
	o.search()
	return o.unreadable
}

func (o *Object) search() {
	o.found.Do(func() {
		content := o.Unstructured.Object
		if gvk := o.GVK(); gvk.Group == "" && gvk.Kind == "Pod" {
			o.template("", "spec", content["metadata"], content["spec"])
			return
		}
		o.descend(content, "")
	})
}

// descend looks for templates below a value. Depth was bounded when the object
// was read; what clusters answer is bounded by them.
func (o *Object) descend(value any, path string) {
	switch v := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			o.inspect(v[key], key, Join(path, key))
		}
	case []any:
		for i, element := range v {
			o.descend(element, path+"["+strconv.Itoa(i)+"]")
		}
	}
}

func (o *Object) inspect(value any, key, path string) {
	m, ok := value.(map[string]any)
	switch {
	case !ok:
	case key == "podSpec" && hasContainers(m):
		o.template(path, path, nil, m)
		return
	case hasContainers(m["spec"]):
		o.template(path, path+".spec", m["metadata"], m["spec"])
		return
	}
	o.descend(value, path)
}

// hasContainers reports whether a value has the form of a pod spec: a list of
// containers, which are mappings.
func hasContainers(value any) bool {
	spec, ok := value.(map[string]any)
	if !ok {
		return false
	}
	containers, ok := spec["containers"].([]any)
	if !ok || len(containers) == 0 {
		return false
	}
	_, ok = containers[0].(map[string]any)
	return ok
}

func (o *Object) template(path, specPath string, meta, spec any) {
	t := Template{Object: o, Path: path, SpecPath: specPath}
	if err := typed(meta, &t.Meta); err != nil {
		o.unreadable = append(o.unreadable, fmt.Errorf("%s: %w", Join(path, "metadata"), err))
		t.Meta = metav1.ObjectMeta{}
	}
	if err := typed(spec, &t.Spec); err != nil {
		o.unreadable = append(o.unreadable, fmt.Errorf("%s: %w", specPath, err))
		return
	}
	o.templates = append(o.templates, t)
}

func typed[T metav1.ObjectMeta | corev1.PodSpec](value any, into *T) error {
	m, ok := value.(map[string]any)
	if !ok {
		if value == nil {
			return nil
		}
		return fmt.Errorf("is no mapping")
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(m, into)
}

// Join appends a name to a field's path, in brackets and quotes if it holds
// what would be read as a path.
func Join(path, name string) string {
	for _, r := range name {
		if r == '.' || r == '[' || r == ']' || r == '"' {
			return path + `["` + name + `"]`
		}
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
