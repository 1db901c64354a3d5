package audit

import "testing"

func TestAppArmorExplicit(t *testing.T) {
	test(t, AppArmorExplicit, []scenario{
		{name: "leaving it out is said", objects: one("image: i"), want: []string{"spec.containers[0].securityContext.appArmorProfile"}, says: "no AppArmor"},
		{name: "the pod's profile", objects: podOf("securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: [{name: c, image: i}]")},
		{name: "the container's own", objects: one("image: i, securityContext: {appArmorProfile: {type: RuntimeDefault}}")},
		{name: "the annotation of old", objects: "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {container.apparmor.security.beta.kubernetes.io/c: runtime/default}}, spec: {containers: [{name: c, image: i}]}}"},
	})
}
