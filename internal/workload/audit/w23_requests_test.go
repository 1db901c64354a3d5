package audit

import "testing"

func TestRequests(t *testing.T) {
	field := []string{"spec.containers[0].resources.requests"}
	test(t, Requests, []scenario{
		{name: "none", objects: one("image: i"), want: field, says: "cpu and memory"},
		{name: "both", objects: one("image: i, resources: {requests: {cpu: 1, memory: 1Gi}}")},
		{name: "limits stand for them", objects: one("image: i, resources: {limits: {cpu: 1, memory: 1Gi}}")},
		{name: "the pod's as a whole", objects: podOf("resources: {requests: {cpu: 1, memory: 1Gi}}, containers: [{name: c, image: i}]")},
		{name: "a LimitRange gives them", objects: one("image: i") + rangeOf("defaultRequest: {cpu: 1, memory: 1Gi}")},
		{name: "a limit far above its request", objects: one("image: i, resources: {requests: {cpu: 1, memory: 64Mi}, limits: {memory: 1Gi}}"), want: field, says: "16 times"},
		{name: "a limit of ten times its request", objects: one("image: i, resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 1}}")},
	})
}
