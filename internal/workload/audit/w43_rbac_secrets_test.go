package audit

import "testing"

func TestRBACSecrets(t *testing.T) {
	role := func(rules string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: ns}, rules: [" + rules + "]}\n---\n"
	}
	cluster := func(name, rules string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: '" + name + "'}, rules: [" + rules + "]}\n---\n"
	}
	bind := func(kind, role, subject string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: " + kind + ", metadata: {name: b, namespace: ns}, roleRef: {kind: ClusterRole, name: " + role + "}, subjects: [" + subject + "]}\n---\n"
	}
	first := []string{"rules[0]"}
	test(t, RBACSecrets, []scenario{
		{name: "everything, told once", objects: cluster("c", `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`), want: first, says: "grants everything"},
		{name: "list secrets", objects: role(`{apiGroups: [""], resources: [pods], verbs: [get]}, {apiGroups: [""], resources: [secrets], verbs: [get, list]}`), want: []string{"rules[1]"}, says: "every Secret"},
		{name: "a wildcard that holds secrets", objects: role(`{apiGroups: [""], resources: ["*"], verbs: [watch]}`), want: first, says: "(watch)"},
		{name: "a Secret by its name", objects: role(`{apiGroups: [""], resources: [secrets], resourceNames: [db], verbs: [get, watch, list]}`)},
		{name: "what resourceNames cannot narrow", objects: role(`{apiGroups: [""], resources: [secrets], resourceNames: [db], verbs: [get, create]}`), want: []string{"rules[0].resourceNames"}, says: "create secrets"},
		{name: "secrets of another group", objects: role(`{apiGroups: [example.com], resources: [secrets], verbs: [get, list]}`)},
		{name: "exec", objects: role(`{apiGroups: [""], resources: [pods/exec], verbs: [create]}`), want: first, says: "runs commands"},
		{name: "exec by a wildcard of subresources", objects: role(`{apiGroups: [""], resources: ["*/exec"], verbs: ["*"]}`), want: first, says: "runs commands"},
		{name: "a token of a named account", objects: role(`{apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [app], verbs: [create]}`)},
		{name: "escalate", objects: cluster("c", `{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [escalate]}`), want: first, says: "escalate"},
		{name: "bind a named role", objects: cluster("c", `{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view], verbs: [bind]}`)},
		{name: "impersonate", objects: cluster("c", `{apiGroups: [""], resources: [users, groups], verbs: [impersonate]}`), want: first, says: "any user"},
		{name: "the kubelets", objects: cluster("c", `{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}`), want: first},
		{name: "create pods", objects: role(`{apiGroups: [""], resources: [pods], verbs: [create]}`), want: first, says: "runs pods"},
		{name: "what a reader needs", objects: role(`{apiGroups: ["", apps], resources: [pods, deployments, pods/log], verbs: [get, list, watch]}, {nonResourceURLs: [/metrics], verbs: [get]}`)},
		{name: "roles that every cluster brings", objects: cluster("system:controller", `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`)},
		{name: "cluster-admin for the cluster", objects: bind("ClusterRoleBinding", "cluster-admin", "{kind: User, name: me}"), want: []string{"roleRef"}, says: "whole cluster"},
		{name: "edit for the cluster", objects: bind("ClusterRoleBinding", "edit", "{kind: User, name: me}"), want: []string{"roleRef"}},
		{name: "edit for a namespace", objects: bind("RoleBinding", "edit", "{kind: User, name: me}")},
		{name: "rights for everybody", objects: bind("RoleBinding", "view", "{kind: User, name: me}, {kind: Group, name: 'system:authenticated'}"), want: []string{"subjects[1]"}, says: "everybody"},
	})
}

func TestCreatingPodsIsLessThanReadingSecrets(t *testing.T) {
	in := Input{Objects: parse(t, `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}, rules: [{apiGroups: [""], resources: [pods], verbs: [create]}, {apiGroups: [""], resources: [secrets], verbs: [list]}]}`)}
	found := RBACSecrets.Decide(in)
	if len(found) != 2 || found[0].Severity != "MEDIUM" || found[1].Severity != "HIGH" {
		t.Errorf("got %+v", found)
	}
}
