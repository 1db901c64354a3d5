package audit

import "testing"

func TestUserNamespaces(t *testing.T) {
	test(t, UserNamespaces, []scenario{
		{name: "the node's is noted", objects: one("image: i"), want: []string{"spec.hostUsers"}},
		{name: "one of its own is not", objects: podOf("hostUsers: false, containers: [{name: c, image: i}]")},
	})
}
