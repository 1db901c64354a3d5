// Package cluster lists what a cluster runs, and what explains it, for an
// audit. It only reads, and of Secrets nothing at all.
package cluster

import "k8s.io/apimachinery/pkg/runtime/schema"

// kind is one kind of object that is listed.
type kind struct {
	schema.GroupVersionResource
	// namespaced objects are listed in one namespace if one was named.
	namespaced bool
	// named kinds are listed without their content, which may be confidential.
	named bool
	// optional kinds are not served by every cluster.
	optional bool
}

func of(group, version, resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
}

// kinds are listed in this order. docs/how-to/audit.md holds the ClusterRole
// that allows it.
var kinds = []kind{
	{GroupVersionResource: of("", "v1", "namespaces")},
	{GroupVersionResource: of("", "v1", "pods"), namespaced: true},
	{GroupVersionResource: of("", "v1", "replicationcontrollers"), namespaced: true},
	{GroupVersionResource: of("", "v1", "services"), namespaced: true},
	{GroupVersionResource: of("", "v1", "serviceaccounts"), namespaced: true},
	{GroupVersionResource: of("", "v1", "limitranges"), namespaced: true},
	{GroupVersionResource: of("", "v1", "configmaps"), namespaced: true, named: true},
	{GroupVersionResource: of("apps", "v1", "deployments"), namespaced: true},
	{GroupVersionResource: of("apps", "v1", "statefulsets"), namespaced: true},
	{GroupVersionResource: of("apps", "v1", "daemonsets"), namespaced: true},
	{GroupVersionResource: of("apps", "v1", "replicasets"), namespaced: true},
	{GroupVersionResource: of("batch", "v1", "jobs"), namespaced: true},
	{GroupVersionResource: of("batch", "v1", "cronjobs"), namespaced: true},
	{GroupVersionResource: of("networking.k8s.io", "v1", "networkpolicies"), namespaced: true},
	{GroupVersionResource: of("rbac.authorization.k8s.io", "v1", "roles"), namespaced: true},
	{GroupVersionResource: of("rbac.authorization.k8s.io", "v1", "rolebindings"), namespaced: true},
	{GroupVersionResource: of("rbac.authorization.k8s.io", "v1", "clusterroles")},
	{GroupVersionResource: of("rbac.authorization.k8s.io", "v1", "clusterrolebindings")},
	{GroupVersionResource: of("node.k8s.io", "v1", "runtimeclasses"), optional: true},
	{GroupVersionResource: of("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), optional: true},
	{GroupVersionResource: of("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings"), optional: true},
}

// owners are the listed kinds that stand for what they own.
var owners = map[string]bool{
	"apps/Deployment": true, "apps/StatefulSet": true, "apps/DaemonSet": true, "apps/ReplicaSet": true,
	"batch/Job": true, "batch/CronJob": true, "/ReplicationController": true,
}
