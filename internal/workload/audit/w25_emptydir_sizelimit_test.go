package audit

import "testing"

func TestEmptyDirSizeLimit(t *testing.T) {
	volumes := func(s string) string { return podOf("containers: [{name: c, image: i}], volumes: [" + s + "]") }
	test(t, EmptyDirSizeLimit, []scenario{
		{name: "a limit", objects: volumes("{name: a, emptyDir: {sizeLimit: 1Mi}}")},
		{name: "none", objects: volumes("{name: a, configMap: {name: x}}, {name: b, emptyDir: {}}"), want: []string{"spec.volumes[1].emptyDir.sizeLimit"}, says: "the node's disk"},
		{name: "none, in memory", objects: volumes("{name: a, emptyDir: {medium: Memory}}"), want: []string{"spec.volumes[0].emptyDir.sizeLimit"}, says: "memory"},
		{name: "zero is none", objects: volumes("{name: a, emptyDir: {sizeLimit: 0}}"), want: []string{"spec.volumes[0].emptyDir.sizeLimit"}},
	})
}
