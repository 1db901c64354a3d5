package audit

import "testing"

func TestPullPolicy(t *testing.T) {
	field := []string{"spec.containers[0].image"}
	test(t, PullPolicy, []scenario{
		{name: "a tag without a policy", objects: one("image: 'a:1'"), want: field, says: "IfNotPresent"},
		{name: "a tag with Never", objects: one("image: 'a:1', imagePullPolicy: Never"), want: field, says: "Never"},
		{name: "a tag with Always", objects: one("image: 'a:1', imagePullPolicy: Always")},
		{name: "latest without a policy is Always", objects: one("image: a")},
		{name: "latest with IfNotPresent", objects: one("image: a, imagePullPolicy: IfNotPresent"), want: field},
		{name: "a digest with any policy", objects: one("image: a@" + digest + ", imagePullPolicy: IfNotPresent")},
		{name: "an ill-formed digest is W-26's affair", objects: one("image: 'a@sha256:1'")},
	})
}
