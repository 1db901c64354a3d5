package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// imageUse is one place of an object that makes a cluster pull an image.
type imageUse struct {
	Object    *manifest.Object
	Container string // empty for volumes
	Field     string // for example "spec.containers[0].image"
	Image     string
	Policy    corev1.PullPolicy
}

// images are all images of what is judged: those of containers of every class,
// of image volumes, and of the steps and sidecars of Tekton's tasks. What is a
// parameter there ($(params.image)) is known only when the task runs.
func (in Input) images() []imageUse {
	var all []imageUse
	for c := range in.Containers() {
		all = append(all, imageUse{Object: c.Template.Object, Container: c.Spec.Name, Field: c.Field + ".image", Image: c.Spec.Image, Policy: c.Spec.ImagePullPolicy})
	}
	for t := range in.Templates() {
		for i, v := range t.Spec.Volumes {
			if v.Image != nil {
				all = append(all, imageUse{Object: t.Object, Field: fmt.Sprintf("%s.volumes[%d].image.reference", t.SpecPath, i), Image: v.Image.Reference, Policy: v.Image.PullPolicy})
			}
		}
	}
	for _, o := range in.Objects {
		if o.GVK().Group == "tekton.dev" {
			all = append(all, steps(o, o.Unstructured.Object, "")...)
		}
	}
	return all
}

// steps finds the images of a Tekton object: tasks may stand within pipelines
// and runs.
func steps(o *manifest.Object, value any, path string) []imageUse {
	var all []imageUse
	switch v := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			at := manifest.Join(path, key)
			if list, ok := v[key].([]any); ok && (key == "steps" || key == "sidecars") {
				all = append(all, stepImages(o, list, at)...)
			}
			if template, ok := v[key].(map[string]any); ok && key == "stepTemplate" {
				all = append(all, stepImages(o, []any{template}, at)...)
			}
			all = append(all, steps(o, v[key], at)...)
		}
	case []any:
		for i, element := range v {
			all = append(all, steps(o, element, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return all
}

func stepImages(o *manifest.Object, list []any, path string) []imageUse {
	var all []imageUse
	for i, element := range list {
		step, _ := element.(map[string]any)
		image, ok := step["image"].(string)
		if !ok || strings.Contains(image, "$(") {
			continue
		}
		name, _ := step["name"].(string)
		field := fmt.Sprintf("%s[%d].image", path, i)
		if strings.HasSuffix(path, "stepTemplate") {
			field = path + ".image"
		}
		all = append(all, imageUse{Object: o, Container: name, Field: field, Image: image})
	}
	return all
}

func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}

// parse reads the image as a registry reference. An image whose name happens
// to be that of a local source (oci:1.0) is none to a cluster.
func (u imageUse) parse() (gate.Reference, error) {
	ref, err := gate.ParseReference(u.Image)
	if err == nil && ref.Scheme != gate.SchemeRegistry {
		return gate.ParseReference("docker.io/library/" + u.Image)
	}
	return ref, err
}

func (u imageUse) finding(message, fix string) Finding {
	return Finding{Object: u.Object, Container: u.Container, Field: u.Field, Message: message, Fix: fix}
}
