package audit

import "testing"

func TestSeccompExplicit(t *testing.T) {
	field := []string{"spec.containers[0].securityContext.seccompProfile"}
	test(t, SeccompExplicit, []scenario{
		{name: "leaving it out fails", objects: one("image: i"), want: field, says: "no seccomp profile"},
		{name: "the pod's profile is its containers'", objects: podOf("securityContext: {seccompProfile: {type: RuntimeDefault}}, initContainers: [{name: i, image: i}], containers: [{name: c, image: i}]")},
		{name: "the container's own", objects: one("image: i, securityContext: {seccompProfile: {type: Localhost, localhostProfile: a.json}}")},
		{name: "Localhost without a profile", objects: one("image: i, securityContext: {seccompProfile: {type: Localhost}}"), want: field, says: "localhostProfile"},
		{name: "Unconfined is W-09's affair", objects: one("image: i, securityContext: {seccompProfile: {type: Unconfined}}")},
		{name: "an init container without one", objects: podOf("initContainers: [{name: i, image: i}], containers: [{name: c, image: i, securityContext: {seccompProfile: {type: RuntimeDefault}}}]"), want: []string{"spec.initContainers[0].securityContext.seccompProfile"}},
	})
}
