package audit

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// testedVersion is the version of the Pod Security Standards that this gate
// was tested with. It is pinned because rules change in both directions: 1.35
// forgives root to pods with a user namespace of their own.
var testedVersion = api.MajorMinorVersion(1, 34)

// podSecurityVersion is the version asked for, or else the tested one. An
// unreadable version is the tested one as well: the command line and the
// server refuse it before.
func podSecurityVersion(o Options) api.Version {
	if o.PodSecurityVersion == "" {
		return testedVersion
	}
	v, err := api.ParseVersion(o.PodSecurityVersion)
	if err != nil {
		return testedVersion
	}
	return v
}

// CheckPodSecurityVersion refuses what is no version of the standards.
func CheckPodSecurityVersion(s string) error {
	if s == "" {
		return nil
	}
	_, err := api.ParseVersion(s)
	return err
}

// standards are Kubernetes' own checks by their id. They are functions of what
// they are given, so sharing them is safe.
var standards = sync.OnceValue(func() map[policy.CheckID]policy.Check {
	all := map[policy.CheckID]policy.Check{}
	for _, c := range policy.DefaultChecks() {
		all[c.ID] = c
	}
	return all
})

// standard makes one of Kubernetes' checks at a version, on a pod spec. A
// check that is younger than the version allows everything.
func standard(id policy.CheckID, version api.Version, t manifest.Template, spec *corev1.PodSpec) policy.CheckResult {
	var newest *policy.VersionedCheck
	versions := standards()[id].Versions
	for i := range versions {
		if !version.Older(versions[i].MinimumVersion) {
			newest = &versions[i]
		}
	}
	if newest == nil {
		return policy.CheckResult{Allowed: true}
	}
	return newest.CheckPod(&t.Meta, spec)
}

// violation is one forbidden thing, and which container does it; the pod
// itself where Container is nil.
type violation struct {
	Container *Container
	Reason    string
	Detail    string
}

// violations makes a check and finds out who fails it. Kubernetes answers for
// the pod as a whole, so each container is asked about alone, and then the pod
// without any.
func violations(id policy.CheckID, version api.Version, t manifest.Template) []violation {
	whole := standard(id, version, t, &t.Spec)
	if whole.Allowed {
		return nil
	}
	var all []violation
	for _, c := range Containers(t) {
		alone := t.Spec
		alone.InitContainers, alone.EphemeralContainers, alone.Containers = nil, nil, []corev1.Container{*c.Spec}
		if r := standard(id, version, t, &alone); !r.Allowed {
			all = append(all, violation{Container: &c, Reason: r.ForbiddenReason, Detail: r.ForbiddenDetail})
		}
	}
	bare := t.Spec
	bare.InitContainers, bare.EphemeralContainers, bare.Containers = nil, nil, nil
	if r := standard(id, version, t, &bare); !r.Allowed {
		// What the pod does, all its containers inherit: say it once.
		return []violation{{Reason: r.ForbiddenReason, Detail: r.ForbiddenDetail}}
	}
	if len(all) == 0 {
		return []violation{{Reason: whole.ForbiddenReason, Detail: whole.ForbiddenDetail}}
	}
	return all
}
