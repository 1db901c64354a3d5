package audit

import (
	"fmt"
	"iter"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// Container is one container of a template, of whatever class, and where it
// stands. Ephemeral containers have the fields of others.
type Container struct {
	Template manifest.Template
	// Class is "container", "init container", "sidecar" (an init container
	// that is restarted always) or "ephemeral container".
	Class string
	// Field is its path, for example "spec.template.spec.initContainers[0]".
	Field string
	Spec  *corev1.Container
}

// The classes of containers.
const (
	classMain      = "container"
	classInit      = "init container"
	classSidecar   = "sidecar"
	classEphemeral = "ephemeral container"
)

// Containers are all containers of a template: init containers first, in the
// order of the manifest, then containers, then ephemeral ones. They are
// shared: read them, never write them.
func Containers(t manifest.Template) []Container {
	var all []Container
	add := func(class, list string, i int, c *corev1.Container) {
		all = append(all, Container{Template: t, Class: class, Field: fmt.Sprintf("%s.%s[%d]", t.SpecPath, list, i), Spec: c})
	}
	for i := range t.Spec.InitContainers {
		c := &t.Spec.InitContainers[i]
		class := classInit
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			class = classSidecar
		}
		add(class, "initContainers", i, c)
	}
	for i := range t.Spec.Containers {
		add(classMain, "containers", i, &t.Spec.Containers[i])
	}
	for i := range t.Spec.EphemeralContainers {
		c := corev1.Container(t.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		add(classEphemeral, "ephemeralContainers", i, &c)
	}
	return all
}

// Templates yields every template of the objects that are judged.
func (in Input) Templates() iter.Seq[manifest.Template] {
	return func(yield func(manifest.Template) bool) {
		for _, o := range in.Objects {
			for _, t := range manifest.Templates(o) {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// Containers yields every container of the objects that are judged.
func (in Input) Containers() iter.Seq[Container] {
	return func(yield func(Container) bool) {
		for t := range in.Templates() {
			for _, c := range Containers(t) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Known yields what is judged and what explains it.
func (in Input) Known() iter.Seq[*manifest.Object] {
	return func(yield func(*manifest.Object) bool) {
		for _, list := range [][]*manifest.Object{in.Objects, in.Context} {
			for _, o := range list {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// finding begins a finding about the container.
func (c Container) finding(field, message, fix string) Finding {
	return Finding{Object: c.Template.Object, Container: c.Spec.Name, Field: c.Field + field, Message: message, Fix: fix}
}

// windows reports whether the pod says that it runs on Windows, where most of
// Linux's settings do not exist.
func windows(t manifest.Template) bool {
	return t.Spec.OS != nil && t.Spec.OS.Name == corev1.Windows
}
