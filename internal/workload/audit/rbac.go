package audit

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// binding is a RoleBinding, or a ClusterRoleBinding.
type binding struct {
	object   *manifest.Object
	cluster  bool
	role     rbacv1.RoleRef
	subjects []rbacv1.Subject
}

// bindingOf reads a binding of either kind; nil for anything else.
func bindingOf(o *manifest.Object) *binding {
	if o.GVK().Group != rbacv1.GroupName {
		return nil
	}
	switch o.Kind() {
	case "RoleBinding":
		var b rbacv1.RoleBinding
		if decode(o, &b) == nil {
			return &binding{o, false, b.RoleRef, b.Subjects}
		}
	case "ClusterRoleBinding":
		var b rbacv1.ClusterRoleBinding
		if decode(o, &b) == nil {
			return &binding{o, true, b.RoleRef, b.Subjects}
		}
	}
	return nil
}

// boundAccounts are the service accounts that a binding of the bundle gives
// rights to. A group of all accounts of a namespace is filed under the empty
// name. Groups of all accounts of the cluster do not count: they hold rights
// that everybody has, and say nothing of what an account needs.
func boundAccounts(in Input) map[named]bool {
	bound := map[named]bool{}
	for o := range in.Known() {
		b := bindingOf(o)
		if b == nil {
			continue
		}
		for _, s := range b.subjects {
			switch s.Kind {
			case rbacv1.ServiceAccountKind:
				namespace := s.Namespace
				if namespace == "" { // invalid, and means the binding's own
					namespace = o.Namespace()
				}
				bound[named{namespace, s.Name}] = true
			case rbacv1.GroupKind:
				if namespace, found := strings.CutPrefix(s.Name, "system:serviceaccounts:"); found {
					bound[named{namespace, ""}] = true
				}
			}
		}
	}
	return bound
}

// fromCluster reports whether an object is one that every cluster brings.
func fromCluster(o *manifest.Object) bool {
	return o.Labels()["kubernetes.io/bootstrapping"] == "rbac-defaults" || strings.HasPrefix(o.Name(), "system:")
}
