package audit

import (
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// RBACSecrets is W-43.
var RBACSecrets = &Check{
	ID: "W-43", Name: "rbac-secrets", Severity: gate.SeverityHigh,
	Doc: Doc{
		What:     "Roles that read Secrets, or whose holder can make himself more than he is: wildcards, escalate, bind, impersonate, tokens, exec, webhooks; and bindings of such roles of the cluster's own, or to everybody.",
		Why:      "A list of Secrets is every password of the namespace; escalate, bind and impersonate are as good as cluster-admin.",
		Example:  "resources: [secrets], verbs: [get, list] fails; with resourceNames it passes, because it then names what may be read. verbs: [\"*\"] on [\"*\"] fails, and so do a ClusterRoleBinding to cluster-admin and a subject system:authenticated. create pods is MEDIUM. Roles that every cluster brings are not judged.",
		Fix:      "Name verbs, resources and, for Secrets, resourceNames; bind with a RoleBinding where one namespace is enough.",
		Controls: []string{"CIS Kubernetes 5.1.1", "CIS Kubernetes 5.1.2", "CIS Kubernetes 5.1.3", "CIS Kubernetes 5.1.8"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			if o.GVK().Group != rbacv1.GroupName || fromCluster(o) {
				continue
			}
			switch o.Kind() {
			case "Role", "ClusterRole":
				findings = append(findings, dangerousRules(o)...)
			default:
				if b := bindingOf(o); b != nil {
					findings = append(findings, dangerousBinding(b)...)
				}
			}
		}
		return findings
	},
}

// dangerousRules judges each rule of a role: the line of a finding is then
// that of the rule.
func dangerousRules(o *manifest.Object) []Finding {
	var role rbacv1.ClusterRole // a Role has the same fields, and no aggregation
	if decode(o, &role) != nil {
		return nil
	}
	var findings []Finding
	for i, rule := range role.Rules {
		field := fmt.Sprintf("rules[%d]", i)
		if found := granted(rule); len(found) > 0 {
			severity, meaning := worst(found)
			f := about(o, field, fmt.Sprintf("who holds the %s %s", o.Kind(), meaning),
				"name the verbs and resources that are needed; for Secrets, name them with resourceNames")
			f.Severity = severity
			findings = append(findings, f)
		}
		if verb := useless(rule); verb != "" {
			findings = append(findings, lower(about(o, field+".resourceNames", fmt.Sprintf("the rule grants no %s: resourceNames cannot narrow it, because no name is known when it is asked", verb),
				"give it a rule of its own, or leave the verb out")))
		}
	}
	return findings
}

// mighty are roles of every cluster that read the Secrets of all namespaces
// when they are bound for the cluster.
var mighty = []string{"cluster-admin", "admin", "edit"}

// everybody are the groups and users that anyone belongs to.
var everybody = []string{"system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts"}

func dangerousBinding(b *binding) []Finding {
	var findings []Finding
	if b.role.Kind == "ClusterRole" && (b.cluster && slices.Contains(mighty, b.role.Name) || b.role.Name == "cluster-admin") {
		where := "of namespace " + b.object.Namespace()
		if b.cluster {
			where = "of the whole cluster"
		}
		findings = append(findings, about(b.object, "roleRef", fmt.Sprintf("the binding gives %s, with the Secrets %s", b.role.Name, where),
			"bind a role that names what is needed, in the namespace where it is needed"))
	}
	for i, s := range b.subjects {
		if s.Kind != rbacv1.ServiceAccountKind && slices.Contains(everybody, s.Name) {
			findings = append(findings, about(b.object, fmt.Sprintf("subjects[%d]", i), fmt.Sprintf("the binding gives %s %q to %s, which is everybody", b.role.Kind, b.role.Name, s.Name),
				"name the users, groups or service accounts that need it"))
		}
	}
	return findings
}
