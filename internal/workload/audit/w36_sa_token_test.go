package audit

import "testing"

func TestServiceAccountToken(t *testing.T) {
	account := func(more string) string {
		return "{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: ns}" + more + "}\n---\n"
	}
	bind := func(kind, subject string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: " + kind + ", metadata: {name: b, namespace: ns}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [" + subject + "]}\n---\n"
	}
	const containers = "containers: [{name: c, image: a}]"
	named := podOf("serviceAccountName: s, " + containers)
	at := []string{"spec.automountServiceAccountToken"}
	test(t, ServiceAccountToken, []scenario{
		{name: "the account default", objects: podOf(containers), want: at, says: "default"},
		{name: "the pod refuses the token", objects: podOf("automountServiceAccountToken: false, " + containers)},
		{name: "the account refuses the token", objects: named + account(", automountServiceAccountToken: false")},
		{name: "the account default refuses the token", objects: podOf(containers), context: "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: ns}, automountServiceAccountToken: false}"},
		{name: "the pod overrides its account", objects: podOf("automountServiceAccountToken: true, serviceAccountName: s, "+containers) + account(", automountServiceAccountToken: false"), want: at, says: "no binding"},
		{name: "an account without rights", objects: named + account(""), want: at, says: "no binding"},
		{name: "the old name of the field", objects: podOf("serviceAccount: s, "+containers) + account(""), want: at, says: `"s"`},
		{name: "an account with rights", objects: named + account("") + bind("RoleBinding", "{kind: ServiceAccount, name: s, namespace: ns}")},
		{name: "an account with rights in the cluster", objects: named + account("") + bind("ClusterRoleBinding", "{kind: ServiceAccount, name: s, namespace: ns}")},
		{name: "an account with rights as one of its namespace", objects: named + account("") + bind("RoleBinding", `{kind: Group, name: "system:serviceaccounts:ns"}`)},
		{name: "the rights are another account's", objects: named + account("") + bind("RoleBinding", "{kind: ServiceAccount, name: s, namespace: m}"), want: at},
		{name: "an account that is elsewhere", objects: named, want: at, outcome: "unknown"},
		{name: "Vault's agent logs in with the token", objects: "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ns, annotations: {vault.hashicorp.com/agent-inject: \"true\"}}, spec: {" + containers + "}}"},
		{name: "rights for the account default", objects: bind("RoleBinding", "{kind: ServiceAccount, name: default, namespace: ns}"), want: []string{"subjects[0]"}, says: "every pod"},
	})
}
