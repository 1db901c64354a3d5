package audit

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// PSSRestricted is W-01.
var PSSRestricted = &Check{
	ID: "W-01", Name: "pss-restricted", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Whether the pod may run in a namespace that enforces the Pod Security Standards' restricted profile, in what no other check here reports on its own: volume types, host processes of Windows, and that non-root is demanded and not only so by chance.",
		Why:      "The cluster refuses the pod when the profile is enforced; where it is not, nothing else keeps the pod from the node.",
		Example:  "An `nfs` volume in the pod, or `runAsUser: 1000` without `runAsNonRoot: true`, fails; persistentVolumeClaim, emptyDir, configMap, secret, projected, ephemeral and csi volumes do not.",
		Fix:      "Use the volume types that the profile allows, and set runAsNonRoot: true.",
		Controls: []string{"Kubernetes Pod Security Standards: restricted", "CIS Kubernetes 5.2"},
	},
	Decide: func(in Input) []Finding {
		var all []Finding
		rooted := rootContainers(in)
		for t := range in.Templates() {
			all = append(all, volumes(t, in.Options)...)
			all = append(all, hostProcess(t, in.Options)...)
			all = append(all, demandsNonRoot(t, in.Options, rooted)...)
			if windows(t) {
				all = append(all, Finding{
					Object: t.Object, Field: t.SpecPath + ".os.name", Severity: gate.SeverityMedium, Outcome: unknown,
					Message: "os.name: windows exempts the pod from the profile's rules for Linux; whether its images are Windows' cannot be seen here",
					Fix:     "remove os.name from pods that run on Linux",
				})
			}
		}
		return all
	},
}

// volumes leaves hostPath, which W-13 reports, out of the pod before it asks.
func volumes(t manifest.Template, o Options) []Finding {
	spec := t.Spec
	spec.Volumes = nil
	places := map[string]int{}
	for i, v := range t.Spec.Volumes {
		places[v.Name] = i
		if v.HostPath == nil {
			spec.Volumes = append(spec.Volumes, v)
		}
	}
	var all []Finding
	for _, v := range spec.Volumes {
		one := corev1.PodSpec{OS: spec.OS, Volumes: []corev1.Volume{v}}
		r := standard("restrictedVolumes", podSecurityVersion(o), t, &one)
		if r.Allowed {
			continue
		}
		all = append(all, Finding{
			Object: t.Object, Field: fmt.Sprintf("%s.volumes[%d]", t.SpecPath, places[v.Name]),
			Message: fmt.Sprintf("%s: %.300s", r.ForbiddenReason, r.ForbiddenDetail),
			Fix:     "mount a persistentVolumeClaim, emptyDir, configMap, secret, projected, ephemeral or csi volume",
		})
	}
	return all
}

func hostProcess(t manifest.Template, o Options) []Finding {
	var all []Finding
	for _, v := range violations("windowsHostProcess", podSecurityVersion(o), t) {
		all = append(all, v.finding(t, "securityContext.windowsOptions.hostProcess", "remove hostProcess"))
	}
	return all
}

// demandsNonRoot reports containers that W-02 finds no fault with (their user
// is not root) but for which the profile demands that it is said.
func demandsNonRoot(t manifest.Template, o Options, rooted map[string]bool) []Finding {
	anyRooted := false
	for _, c := range Containers(t) {
		anyRooted = anyRooted || rooted[containerAt(c)]
	}
	var all []Finding
	for _, v := range violations("runAsNonRoot", podSecurityVersion(o), t) {
		if v.Container == nil && anyRooted || v.Container != nil && rooted[containerAt(*v.Container)] {
			continue // W-02 said so
		}
		f := v.finding(t, "securityContext.runAsNonRoot", "set runAsNonRoot: true")
		f.Patch = set(t.Object, f.Field, true)
		all = append(all, f)
	}
	for _, v := range violations("runAsUser", podSecurityVersion(o), t) {
		if v.Container == nil && !anyRooted {
			all = append(all, v.finding(t, "securityContext.runAsUser", "remove runAsUser: 0 from the pod: every container has another"))
		}
	}
	return all
}

// finding tells where the violation stands: in the container, or in the pod.
// The standards' own words name the containers again; the reason suffices.
func (v violation) finding(t manifest.Template, field, fix string) Finding {
	message := v.Reason
	if v.Detail != "" {
		message = fmt.Sprintf("%s: %.300s", v.Reason, v.Detail)
	}
	if v.Container == nil {
		return Finding{Object: t.Object, Field: t.SpecPath + "." + field, Message: message, Fix: fix}
	}
	return v.Container.finding("."+field, message, fix)
}
