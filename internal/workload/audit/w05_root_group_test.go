package audit

import "testing"

func TestRootGroup(t *testing.T) {
	test(t, RootGroup, []scenario{
		{name: "no group said is no finding", objects: one("image: i")},
		{name: "groups above 0", objects: podOf("securityContext: {runAsGroup: 1, fsGroup: 1, supplementalGroups: [1]}, containers: [{name: c, image: i}]")},
		{name: "the pod's groups", objects: podOf("securityContext: {runAsGroup: 0, fsGroup: 0, supplementalGroups: [1, 0]}, containers: [{name: c, image: i}]"), want: []string{"spec.securityContext.runAsGroup", "spec.securityContext.fsGroup", "spec.securityContext.supplementalGroups[1]"}, says: "the group root"},
		{name: "a container's group", objects: one("image: i, securityContext: {runAsGroup: 0}"), want: []string{"spec.containers[0].securityContext.runAsGroup"}},
	})
}
