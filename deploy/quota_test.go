package deploy_test

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// TestTheQuotaHasRoomForWhatItIsMadeFor: for all replicas, one more during a
// rollout, and two rescans. A pod beyond a quota is never made, and says nothing.
func TestTheQuotaHasRoomForWhatItIsMadeFor(t *testing.T) {
	for _, b := range builds(t) {
		d := gateOf(b)
		for _, quota := range of[*corev1.ResourceQuota](b) {
			need := corev1.ResourceList{}
			add := func(n int32, spec corev1.PodSpec) {
				for range n {
					sum(need, corev1.ResourcePods, resource.MustParse("1"))
					for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
						sum(need, "requests."+name, counted(spec, name, func(c corev1.Container) corev1.ResourceList { return c.Resources.Requests }))
						sum(need, "limits."+name, counted(spec, name, func(c corev1.Container) corev1.ResourceList { return c.Resources.Limits }))
					}
				}
			}
			add(mostReplicas(b)+1, d.Spec.Template.Spec)
			for _, c := range of[*batchv1.CronJob](b) {
				add(2, c.Spec.JobTemplate.Spec.Template.Spec)
			}
			for name, n := range need {
				if hard, bounded := quota.Spec.Hard[name]; bounded && hard.Cmp(n) < 0 {
					t.Errorf("%s: the quota has %s of %s, and %s are needed", b.name, hard.String(), name, n.String())
				}
			}
		}
	}
}

func sum(l corev1.ResourceList, name corev1.ResourceName, more resource.Quantity) {
	total := l[name]
	total.Add(more)
	l[name] = total
}

// counted is what a pod counts for: all containers together, or the init container
// that needs more than they do.
func counted(spec corev1.PodSpec, name corev1.ResourceName, of func(corev1.Container) corev1.ResourceList) resource.Quantity {
	var all resource.Quantity
	for _, c := range spec.Containers {
		all.Add(of(c)[name])
	}
	for _, c := range spec.InitContainers {
		if q := of(c)[name]; q.Cmp(all) > 0 {
			all = q
		}
	}
	return all
}
