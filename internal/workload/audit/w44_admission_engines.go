package audit

import (
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// watchesOnly judges one object of whichever engine. Engines are read without
// their types, which would bring each of them along.
func watchesOnly(o *manifest.Object) []Finding {
	switch o.GVK().Group {
	case "constraints.gatekeeper.sh":
		return gatekeeper(o)
	case "kyverno.io":
		if o.Kind() == "ClusterPolicy" || o.Kind() == "Policy" {
			return kyverno(o)
		}
	case "policies.kyverno.io":
		if actions, found := texts(o, "spec", "validationActions"); found && !slices.Contains(actions, "Deny") {
			return []Finding{about(o, "spec.validationActions", "the policy denies nothing: its actions are "+listed(actions), "add Deny")}
		}
	case "policy.sigstore.dev":
		if text(o, "spec", "mode") == "warn" {
			return []Finding{about(o, "spec.mode", "the image policy only warns of images it should refuse", "set mode: enforce, or leave it out")}
		}
	case "admissionregistration.k8s.io":
		return native(o)
	}
	return nil
}

func text(o *manifest.Object, path ...string) string {
	s, _, _ := unstructured.NestedString(o.Unstructured.Object, path...)
	return s
}

func texts(o *manifest.Object, path ...string) ([]string, bool) {
	list, found, err := unstructured.NestedStringSlice(o.Unstructured.Object, path...)
	return list, found && err == nil
}

// gatekeeper denies unless it is told otherwise; scoped constraints name an
// action for each of the points they are enforced at.
func gatekeeper(o *manifest.Object) []Finding {
	action := strings.ToLower(text(o, "spec", "enforcementAction"))
	switch action {
	case "", "deny":
		return nil
	case "scoped":
		scopes, _, _ := unstructured.NestedSlice(o.Unstructured.Object, "spec", "scopedEnforcementActions")
		for _, s := range scopes {
			if m, ok := s.(map[string]any); ok && m["action"] == "deny" {
				return nil
			}
		}
		return []Finding{about(o, "spec.scopedEnforcementActions", "the constraint denies nothing at any of its enforcement points", "name deny for the webhook")}
	}
	return []Finding{about(o, "spec.enforcementAction", fmt.Sprintf("the constraint does not deny: its enforcementAction is %.40q", action), "set enforcementAction: deny once the audit is clean")}
}

// kyverno audits unless it is told to enforce, by the policy or by each rule.
func kyverno(o *manifest.Object) []Finding {
	whole := text(o, "spec", "validationFailureAction")
	rules, _, _ := unstructured.NestedSlice(o.Unstructured.Object, "spec", "rules")
	var findings []Finding
	for i, r := range rules {
		rule, _ := r.(map[string]any)
		for _, action := range kyvernoActions(rule, whole) {
			if !strings.EqualFold(action, "Enforce") {
				name, _ := rule["name"].(string)
				findings = append(findings, about(o, fmt.Sprintf("spec.rules[%d]", i), fmt.Sprintf("the rule %.60q does not deny: it only reports", name),
					"set failureAction: Enforce in the rule once its reports are clean"))
				break
			}
		}
	}
	if text(o, "spec", "failurePolicy") == "Ignore" {
		findings = append(findings, about(o, "spec.failurePolicy", "the policy lets everything pass when Kyverno does not answer", "set failurePolicy: Fail, and leave Kyverno's own namespace out"))
	}
	return findings
}

// kyvernoActions are what a rule does with what it finds; none for a rule that
// judges nothing.
func kyvernoActions(rule map[string]any, whole string) []string {
	var actions []string
	judge := func(m map[string]any) {
		action, _ := m["failureAction"].(string)
		if action == "" {
			action = whole
		}
		actions = append(actions, action)
	}
	if validate, ok := rule["validate"].(map[string]any); ok {
		judge(validate)
	}
	images, _ := rule["verifyImages"].([]any)
	for _, i := range images {
		if m, ok := i.(map[string]any); ok {
			judge(m)
		}
	}
	return actions
}

// native judges what Kubernetes itself brings.
func native(o *manifest.Object) []Finding {
	switch o.Kind() {
	case "ValidatingAdmissionPolicyBinding":
		if actions, found := texts(o, "spec", "validationActions"); found && !slices.Contains(actions, "Deny") {
			return []Finding{about(o, "spec.validationActions", "the binding denies nothing: its actions are "+listed(actions), "add Deny")}
		}
	case "ValidatingAdmissionPolicy":
		if text(o, "spec", "failurePolicy") == "Ignore" {
			return []Finding{about(o, "spec.failurePolicy", "the policy lets pass what its expressions cannot evaluate", "set failurePolicy: Fail, or leave it out")}
		}
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return webhooks(o)
	}
	return nil
}

func webhooks(o *manifest.Object) []Finding {
	var c admissionv1.ValidatingWebhookConfiguration // what is read is the same for both
	if decode(o, &c) != nil {
		return nil
	}
	var findings []Finding
	for i, w := range c.Webhooks {
		if w.FailurePolicy == nil || *w.FailurePolicy != admissionv1.Ignore || !judgesPods(w.Rules) || o.Kind() == "MutatingWebhookConfiguration" && injects(w.Name) {
			continue
		}
		findings = append(findings, Finding{Object: o, Field: fmt.Sprintf("webhooks[%d].failurePolicy", i), Severity: gate.SeverityMedium,
			Message: fmt.Sprintf("pods pass when the webhook %q does not answer", w.Name),
			Fix:     "set failurePolicy: Fail, and leave the webhook's own namespace and kube-system out with namespaceSelector"})
	}
	return findings
}

// injects tells webhooks that add sidecars and judge nothing.
func injects(name string) bool { return strings.Contains(name, "inject") }

func judgesPods(rules []admissionv1.RuleWithOperations) bool {
	return slices.ContainsFunc(rules, func(r admissionv1.RuleWithOperations) bool {
		core := slices.Contains(r.APIGroups, "") || slices.Contains(r.APIGroups, "*")
		pods := slices.Contains(r.Resources, "pods") || slices.Contains(r.Resources, "*") || slices.Contains(r.Resources, "*/*")
		creates := slices.Contains(r.Operations, admissionv1.Create) || slices.Contains(r.Operations, admissionv1.OperationAll)
		return core && pods && creates
	})
}

// notIncluded finds namespaces that Sigstore's policy-controller leaves out,
// where the bundle holds image policies for it.
func notIncluded(in Input) []Finding {
	used := false
	for o := range in.Known() {
		used = used || o.Is("policy.sigstore.dev", "ClusterImagePolicy")
	}
	if !used {
		return nil
	}
	var findings []Finding
	for _, o := range in.Objects {
		if !o.Is("", "Namespace") || strings.HasPrefix(o.Name(), "kube-") || o.Labels()["policy.sigstore.dev/include"] == "true" {
			continue
		}
		f := about(o, `metadata.labels["policy.sigstore.dev/include"]`, "image policies do not hold in the namespace: policy-controller judges only those that are labelled",
			`label it policy.sigstore.dev/include: "true"`)
		f.Patch = set(o, f.Field, "true")
		findings = append(findings, f)
	}
	return findings
}
