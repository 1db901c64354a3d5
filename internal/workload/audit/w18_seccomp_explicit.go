package audit

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
)

// SeccompExplicit is W-18.
var SeccompExplicit = &Check{
	ID: "W-18", Name: "seccomp-explicit", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Whether every container ends up with a seccomp profile that was chosen: its own, else the pod's. Unconfined is W-09.",
		Why:      "Unless the kubelet was told otherwise (seccompDefault), a container without a profile runs unconfined.",
		Example:  "No profile on container and pod, or type Localhost without localhostProfile, fail; RuntimeDefault on either does not.",
		Fix:      "Set seccompProfile: {type: RuntimeDefault} on the pod.",
		Controls: []string{"CIS Kubernetes 5.7.2", "Kubernetes Pod Security Standards: restricted, seccomp"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		for c := range in.Containers() {
			if windows(c.Template) {
				continue
			}
			profile, field := c.seccomp()
			switch {
			case profile == nil:
				f := c.finding(".securityContext.seccompProfile", "no seccomp profile is set, on the container or its pod", "set seccompProfile: {type: RuntimeDefault} on the pod")
				f.Patch = set(c.Template.Object, c.Template.SpecPath+".securityContext.seccompProfile", map[string]any{"type": "RuntimeDefault"})
				all = append(all, f)
			case profile.Type == corev1.SeccompProfileTypeLocalhost && (profile.LocalhostProfile == nil || *profile.LocalhostProfile == ""):
				f := c.finding("", "seccompProfile is Localhost and names no localhostProfile: the API server refuses it", "name the profile's file, or use RuntimeDefault")
				f.Field = field
				all = append(all, f)
			}
		}
		return all
	},
}

// seccomp is the effective profile and the field it stands in.
func (c Container) seccomp() (*corev1.SeccompProfile, string) {
	if profile := c.own().SeccompProfile; profile != nil {
		return profile, c.Field + ".securityContext.seccompProfile"
	}
	return c.pod().SeccompProfile, c.Template.SpecPath + ".securityContext.seccompProfile"
}
