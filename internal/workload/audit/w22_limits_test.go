package audit

import "testing"

// rangeOf is a LimitRange of the pods' namespace.
func rangeOf(limits string) string {
	return "{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: ns}, spec: {limits: [{type: Container, " + limits + "}]}}\n---\n"
}

func TestLimits(t *testing.T) {
	field := []string{"spec.containers[0].resources.limits"}
	test(t, Limits, []scenario{
		{name: "none", objects: one("image: i"), want: field, says: "memory and ephemeral-storage"},
		{name: "memory alone", objects: one("image: i, resources: {limits: {memory: 1Gi}}"), want: field, says: "no limit of ephemeral-storage"},
		{name: "cpu is not demanded", objects: one("image: i, resources: {limits: {memory: 1Gi, ephemeral-storage: 1Gi}}")},
		{name: "the pod's as a whole", objects: podOf("resources: {limits: {memory: 1Gi, ephemeral-storage: 1Gi}}, containers: [{name: c, image: i}]")},
		{name: "a LimitRange gives them", objects: one("image: i") + rangeOf("default: {memory: 1Gi, ephemeral-storage: 1Gi}")},
		{name: "a LimitRange of the context gives them", objects: one("image: i"), context: rangeOf("max: {memory: 1Gi, ephemeral-storage: 1Gi}")},
		{name: "a LimitRange gives one", objects: one("image: i") + rangeOf("default: {memory: 1Gi}"), want: field, says: "no limit of ephemeral-storage"},
		{name: "a LimitRange of another namespace gives nothing", objects: one("image: i") + "{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: other}, spec: {limits: [{type: Container, default: {memory: 1Gi}}]}}", want: field},
		{name: "init containers and sidecars count, ephemeral ones cannot have any", objects: podOf("initContainers: [{name: a, image: i, restartPolicy: Always}], ephemeralContainers: [{name: e, image: i}], containers: [{name: c, image: i, resources: {limits: {memory: 1Gi, ephemeral-storage: 1Gi}}}]"), want: []string{"spec.initContainers[0].resources.limits"}},
	})
}
