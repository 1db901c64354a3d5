package audit

import "testing"

func TestAuditPolicy(t *testing.T) {
	policy := func(rules string) string {
		return "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [" + rules + "]}\n---\n"
	}
	const quiet = `{level: Metadata, resources: [{group: "", resources: [secrets, configmaps, serviceaccounts/token]}, {group: authentication.k8s.io, resources: [tokenreviews]}]}, `
	const rights = "{level: RequestResponse, resources: [{group: rbac.authorization.k8s.io}]}, "
	const rest = "{level: Metadata}"
	server := func(flags string) string { return one("command: [kube-apiserver, " + flags + "]") }
	test(t, AuditPolicy, []scenario{
		{name: "a policy in order", objects: policy(quiet + rights + rest)},
		{name: "everything with its bodies", objects: policy("{level: RequestResponse}"), want: []string{"rules[0]"}, says: "secrets, configmaps, tokenreviews, serviceaccounts/token"},
		{name: "bodies of secrets for some users", objects: policy("{level: Request, users: [me]}, " + quiet + rights + rest), want: []string{"rules[0]"}, says: "level Request"},
		{name: "bodies after the secrets are done with", objects: policy(quiet + "{level: RequestResponse}")},
		{name: "only one Secret is done with", objects: policy(`{level: Metadata, resources: [{group: "", resources: [secrets], resourceNames: [a]}]}, ` + rights + `{level: Request, resources: [{group: "", resources: [secrets]}]}, ` + rest), want: []string{"rules[2]"}, says: "secrets"},
		{name: "a whole group", objects: policy(`{level: Request, resources: [{group: ""}]}, ` + rights + rest), want: []string{"rules[0]"}},
		{name: "subresources by a wildcard", objects: policy(`{level: Request, resources: [{group: "", resources: ["serviceaccounts/*"]}]}, ` + quiet + rights + rest), want: []string{"rules[0]"}, says: "serviceaccounts/token"},
		{name: "secrets are not logged at all", objects: policy(`{level: None, resources: [{group: "", resources: [secrets]}]}, ` + quiet + rights + rest), want: []string{"rules[0]"}, says: "who read which Secret"},
		{name: "rights are logged without their bodies", objects: policy(quiet + rest), want: []string{"rules[1]", "rules[1]"}, says: "which rights"},
		{name: "requests fall through", objects: policy(quiet + `{level: Request, resources: [{group: rbac.authorization.k8s.io}]}`), want: []string{"rules[1]"}, says: "no rule names"},
		{name: "URLs are not resources", objects: policy("{level: RequestResponse, nonResourceURLs: [/metrics]}, " + quiet + rights + rest)},
		{name: "a level that does not exist", objects: policy("{level: All}"), want: []string{"rules[0].level"}, says: "does not exist"},
		{name: "a field that does not exist", objects: policy("{level: Metadata, resource: secrets}"), want: []string{"rules"}, says: "cannot load"},
		{name: "no rules", objects: policy(""), want: []string{"rules"}},
		{name: "a removed version", objects: "{apiVersion: audit.k8s.io/v1beta1, kind: Policy, rules: [{level: Metadata}]}", want: []string{"apiVersion"}, says: "no longer served"},
		{name: "another kind of policy", objects: "{apiVersion: kyverno.io/v1, kind: Policy, metadata: {name: p}, rules: [{level: All}]}"},
		{name: "an API server that logs nothing", objects: server("--secure-port=6443"), want: []string{"spec.containers[0].command", "spec.containers[0].command"}, says: "--audit-policy-file"},
		{name: "an API server that forgets", objects: server("--audit-policy-file=/p, --audit-log-path=/l, --audit-log-maxage=7, --audit-log-maxbackup=10, --audit-log-maxsize=100"), want: []string{"spec.containers[0].command"}, says: "--audit-log-maxage"},
		{name: "an API server that remembers", objects: server("--audit-policy-file=/p, --audit-log-path=/l, --audit-log-maxage=30, --audit-log-maxbackup=10, --audit-log-maxsize=100")},
		{name: "an API server that sends its log away", objects: server("--audit-policy-file, /p, --audit-webhook-config-file=/w")},
		{name: "another program", objects: one("command: [app]")},
	})
}
