package audit

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// unknown is the outcome of what the objects at hand cannot tell.
const unknown = "unknown"

// EffectiveNonRoot is W-02.
var EffectiveNonRoot = &Check{
	ID: "W-02", Name: "effective-nonroot", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Which user each container ends up with: its own runAsUser, else the pod's, else the image's USER where the gate knows the image; it must not be root, and where nobody knows, runAsNonRoot must keep the kubelet from starting root.",
		Why:      "Root in a container is root on the node as soon as one wall fails. A user namespace (hostUsers: false) softens that and does not excuse it.",
		Example:  "`runAsUser: 0`, an image whose USER is root, or no runAsUser and no runAsNonRoot fail; `runAsNonRoot: true` on the pod does not, unless a container takes it back with `runAsNonRoot: false`.",
		Fix:      "Set runAsNonRoot: true and, where the image has no numeric user, runAsUser.",
		Controls: []string{"CIS Kubernetes 5.2.7", "Kubernetes Pod Security Standards: restricted, runAsNonRoot"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for c := range in.Containers() {
			if message := c.rootBecause(in.Options); message != "" {
				f := c.finding(".securityContext.runAsNonRoot", message, "set runAsNonRoot: true, and runAsUser to a number above 0 if the image has none")
				switch demanded := c.nonRoot(); {
				case c.user() != nil:
					f.Field = c.userField()
				case demanded == nil || !*demanded:
					f.Patch = set(c.Template.Object, f.Field, true)
				}
				all = append(all, f)
			}
		}
		return all
	},
}

// rootContainers are the places that W-02 reports.
func rootContainers(in Input) map[string]bool {
	all := map[string]bool{}
	for c := range in.Containers() {
		if c.rootBecause(in.Options) != "" {
			all[containerAt(c)] = true
		}
	}
	return all
}

// containerAt names a container within all that is audited.
func containerAt(c Container) string {
	o := c.Template.Object
	return fmt.Sprintf("%p %s", o, c.Field)
}

// rootBecause says why the container may run as root, or nothing.
func (c Container) rootBecause(o Options) string {
	if windows(c.Template) {
		return "" // there is no uid 0
	}
	demanded := c.nonRoot() != nil && *c.nonRoot()
	if uid := c.user(); uid != nil {
		switch {
		case *uid != 0:
			return ""
		case demanded:
			return "runAsUser is 0, but runAsNonRoot forbids it: the kubelet will not start the container"
		}
		return "runAsUser is 0: the process runs as root"
	}
	facts, known := o.image(c.Spec.Image)
	switch {
	case known && facts.User != nil && facts.User.UID != nil && *facts.User.UID == 0:
		if demanded {
			return fmt.Sprintf("the image's USER (%.100q) is root, but runAsNonRoot forbids it: the kubelet will not start the container", facts.User.Configured)
		}
		return fmt.Sprintf("the image's USER (%.100q) is root, and nothing sets another", facts.User.Configured)
	case known && facts.User != nil && facts.User.UID != nil, demanded:
		return ""
	}
	return "neither the container nor its pod says who it runs as: it is root unless the image says otherwise"
}

// user is the effective runAsUser: the container's, else the pod's.
func (c Container) user() *int64 {
	if s := c.Spec.SecurityContext; s != nil && s.RunAsUser != nil {
		return s.RunAsUser
	}
	return c.pod().RunAsUser
}

// userField is where the effective runAsUser stands.
func (c Container) userField() string {
	if s := c.Spec.SecurityContext; s != nil && s.RunAsUser != nil {
		return c.Field + ".securityContext.runAsUser"
	}
	return c.Template.SpecPath + ".securityContext.runAsUser"
}

// nonRoot is the effective runAsNonRoot: the container's, else the pod's.
func (c Container) nonRoot() *bool {
	if s := c.Spec.SecurityContext; s != nil && s.RunAsNonRoot != nil {
		return s.RunAsNonRoot
	}
	return c.pod().RunAsNonRoot
}

// pod is the pod's security context, empty if there is none.
func (c Container) pod() corev1.PodSecurityContext {
	if s := c.Template.Spec.SecurityContext; s != nil {
		return *s
	}
	return corev1.PodSecurityContext{}
}

// own is the container's security context, empty if there is none.
func (c Container) own() corev1.SecurityContext {
	if s := c.Spec.SecurityContext; s != nil {
		return *s
	}
	return corev1.SecurityContext{}
}

// image is what the gate knows of an image.
func (o Options) image(reference string) (ImageFacts, bool) {
	if o.Images == nil {
		return ImageFacts{}, false
	}
	return o.Images(reference)
}
