package audit

import "testing"

func TestQoSClass(t *testing.T) {
	critical := func(resources string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns, labels: {criticality: critical}}, spec: {containers: [{name: c, image: i, resources: {" + resources + "}}]}}"
	}
	test(t, QoSClass, []scenario{
		{name: "no resources is BestEffort", objects: one("image: i"), want: []string{"spec"}, says: "BestEffort"},
		{name: "requests are enough", objects: one("image: i, resources: {requests: {cpu: 1}}")},
		{name: "the pod's resources count", objects: podOf("resources: {requests: {cpu: 1}}, containers: [{name: c, image: i}]")},
		{name: "a LimitRange gives resources", objects: one("image: i") + rangeOf("default: {memory: 1Gi}")},
		{name: "a critical pod must be Guaranteed", objects: critical("requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}"), want: []string{"spec"}, says: "Burstable"},
		{name: "limits alone are Guaranteed, as requests follow them", objects: critical("limits: {cpu: 1, memory: 1Gi}")},
		{name: "a system's priority class is critical", objects: podOf("priorityClassName: system-node-critical, containers: [{name: c, image: i, resources: {requests: {cpu: 1}}}]"), want: []string{"spec"}},
	})
}
