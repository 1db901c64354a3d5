package audit

import (
	"fmt"
	"testing"
)

func TestAdmissionEnforced(t *testing.T) {
	object := func(version, kind, spec string) string {
		return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: p}, spec: {%s}}\n---\n", version, kind, spec)
	}
	webhook := func(kind, name, policy, rule string) string {
		return "{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + ", metadata: {name: w}, webhooks: [{name: " + name + ", failurePolicy: " + policy + ", rules: [{" + rule + "}]}]}\n---\n"
	}
	const constraint, onPods = "constraints.gatekeeper.sh/v1beta1", `apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]`
	const validating, binding = "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicyBinding"
	rule := []string{"spec.rules[0]"}
	test(t, AdmissionEnforced, []scenario{
		{name: "Gatekeeper's dry run", objects: object(constraint, "K8sAllowedRepos", "enforcementAction: dryrun"), want: []string{"spec.enforcementAction"}, says: "does not deny"},
		{name: "Gatekeeper denies unless told otherwise", objects: object(constraint, "K8sAllowedRepos", "") + object(constraint, "K8sAllowedRepos", "enforcementAction: deny")},
		{name: "Gatekeeper's scopes", objects: object(constraint, "A", "enforcementAction: scoped, scopedEnforcementActions: [{action: warn}]"), want: []string{"spec.scopedEnforcementActions"}},
		{name: "a scope that denies", objects: object(constraint, "A", "enforcementAction: scoped, scopedEnforcementActions: [{action: warn}, {action: deny}]")},
		{name: "Kyverno audits unless told otherwise", objects: object("kyverno.io/v1", "ClusterPolicy", "rules: [{name: r, validate: {}}]"), want: rule, says: "only reports"},
		{name: "Kyverno enforces", objects: object("kyverno.io/v1", "ClusterPolicy", "validationFailureAction: Enforce, rules: [{name: r, validate: {}}, {name: i, verifyImages: [{}]}]")},
		{name: "Kyverno's older spelling", objects: object("kyverno.io/v1", "Policy", "validationFailureAction: enforce, rules: [{name: r, validate: {}}]")},
		{name: "a rule overrides its policy", objects: object("kyverno.io/v1", "ClusterPolicy", "validationFailureAction: Enforce, rules: [{name: r, validate: {failureAction: Audit}}]"), want: rule},
		{name: "a rule that judges nothing", objects: object("kyverno.io/v1", "ClusterPolicy", "rules: [{name: r, mutate: {}}]")},
		{name: "Kyverno's newer kinds", objects: object("policies.kyverno.io/v1", "ValidatingPolicy", "validationActions: [Audit]"), want: []string{"spec.validationActions"}},
		{name: "Kyverno lets pass when it is away", objects: object("kyverno.io/v1", "ClusterPolicy", "failurePolicy: Ignore"), want: []string{"spec.failurePolicy"}},
		{name: "a binding that warns", objects: object("admissionregistration.k8s.io/v1", binding, "validationActions: [Warn, Audit]"), want: []string{"spec.validationActions"}, says: "Warn, Audit"},
		{name: "a binding that denies", objects: object("admissionregistration.k8s.io/v1", binding, "validationActions: [Deny, Audit]")},
		{name: "a policy that lets errors pass", objects: object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "failurePolicy: Ignore"), want: []string{"spec.failurePolicy"}},
		{name: "a webhook on pods that lets pass", objects: webhook(validating, "images.example", "Ignore", onPods), want: []string{"webhooks[0].failurePolicy"}, says: "images.example"},
		{name: "a webhook on pods that holds", objects: webhook(validating, "images.example", "Fail", onPods)},
		{name: "a webhook on something else", objects: webhook(validating, "x.example", "Ignore", `apiGroups: [example.com], apiVersions: [v1], operations: [CREATE], resources: [things]`)},
		{name: "a webhook that adds a sidecar", objects: webhook("MutatingWebhookConfiguration", "vault-agent-injector", "Ignore", onPods)},
		{name: "Sigstore warns", objects: object("policy.sigstore.dev/v1beta1", "ClusterImagePolicy", "mode: warn"), want: []string{"spec.mode"}},
		{name: "a namespace that Sigstore leaves out", objects: namespaceNS + object("policy.sigstore.dev/v1beta1", "ClusterImagePolicy", ""), want: []string{`metadata.labels["policy.sigstore.dev/include"]`}, says: "only those that are labelled"},
		{name: "a namespace that is labelled", objects: `{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {policy.sigstore.dev/include: "true"}}}`, context: object("policy.sigstore.dev/v1beta1", "ClusterImagePolicy", "")},
		{name: "a namespace without Sigstore", objects: namespaceNS},
	})
}
