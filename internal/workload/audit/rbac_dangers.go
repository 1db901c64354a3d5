package audit

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/imagegate/imagegate/internal/gate"
)

// danger is a right that makes more of its holder than it says.
type danger struct {
	group, resource, verb string
	meaning               string
	severity              gate.Severity
}

// dangers are asked of every rule, the worst first. The first one stands for
// all others. Whether a rule grants one is Kubernetes' own algebra, in which
// resourceNames narrow a rule: it then covers none of these.
var dangers = []danger{
	{"*", "*", "*", "grants everything", gate.SeverityHigh},
	{"", "secrets", "list", "reads every Secret (list)", gate.SeverityHigh},
	{"", "secrets", "watch", "reads every Secret (watch)", gate.SeverityHigh},
	{"", "secrets", "get", "reads any Secret whose name it knows (get)", gate.SeverityHigh},
	{rbacv1.GroupName, "clusterroles", "escalate", "writes rights it does not have (escalate)", gate.SeverityHigh},
	{rbacv1.GroupName, "roles", "escalate", "writes rights it does not have (escalate)", gate.SeverityHigh},
	{rbacv1.GroupName, "clusterroles", "bind", "gives itself any role (bind)", gate.SeverityHigh},
	{rbacv1.GroupName, "roles", "bind", "gives itself any role (bind)", gate.SeverityHigh},
	{"", "users", "impersonate", "acts as any user (impersonate)", gate.SeverityHigh},
	{"", "groups", "impersonate", "acts as any group (impersonate)", gate.SeverityHigh},
	{"", "serviceaccounts", "impersonate", "acts as any service account (impersonate)", gate.SeverityHigh},
	{"", "serviceaccounts/token", "create", "makes tokens of any service account (create serviceaccounts/token)", gate.SeverityHigh},
	{"", "pods/exec", "create", "runs commands in any pod (create pods/exec)", gate.SeverityHigh},
	{"", "pods/exec", "get", "runs commands in any pod (get pods/exec)", gate.SeverityHigh},
	{"", "pods/attach", "create", "attaches to any pod (create pods/attach)", gate.SeverityHigh},
	{"", "pods/ephemeralcontainers", "patch", "puts containers into running pods (patch pods/ephemeralcontainers)", gate.SeverityHigh},
	{"", "nodes/proxy", "get", "speaks to the kubelets, past admission and audit (get nodes/proxy)", gate.SeverityHigh},
	{"", "nodes/proxy", "create", "speaks to the kubelets, past admission and audit (create nodes/proxy)", gate.SeverityHigh},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations", "create", "sees and changes every object (create mutatingwebhookconfigurations)", gate.SeverityHigh},
	{"admissionregistration.k8s.io", "validatingwebhookconfigurations", "delete", "takes away admission control (delete validatingwebhookconfigurations)", gate.SeverityHigh},
	{"certificates.k8s.io", "certificatesigningrequests/approval", "update", "approves certificates of any identity (update certificatesigningrequests/approval)", gate.SeverityHigh},
	{"", "pods", "create", "runs pods under any service account of the namespace (create pods)", gate.SeverityMedium},
	{"", "persistentvolumes", "create", "mounts the nodes' directories (create persistentvolumes)", gate.SeverityMedium},
}

func (d danger) rule() rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{d.group}, Resources: []string{d.resource}, Verbs: []string{d.verb}}
}

// granted are the dangers that a rule covers.
func granted(rule rbacv1.PolicyRule) []danger {
	var found []danger
	for _, d := range dangers {
		if ok, _ := validation.Covers([]rbacv1.PolicyRule{rule}, []rbacv1.PolicyRule{d.rule()}); ok {
			found = append(found, d)
			if d.resource == rbacv1.ResourceAll {
				break
			}
		}
	}
	return found
}

// worst is the severity of the worst of them, and what they mean.
func worst(found []danger) (gate.Severity, string) {
	severity := gate.SeverityLow
	var meanings []string
	for _, d := range found {
		if d.severity.Rank() > severity.Rank() {
			severity = d.severity
		}
		if !slices.Contains(meanings, d.meaning) {
			meanings = append(meanings, d.meaning)
		}
	}
	return severity, strings.Join(meanings, ", ")
}

// useless reports rights that resourceNames cannot narrow: the name of what is
// created is not known when the right is asked, so such a rule grants nothing.
func useless(rule rbacv1.PolicyRule) string {
	if len(rule.ResourceNames) == 0 {
		return ""
	}
	for _, resource := range rule.Resources {
		if strings.Contains(resource, "/") { // a subresource is created on what has a name
			continue
		}
		for _, verb := range []string{"create", "deletecollection"} {
			if slices.Contains(rule.Verbs, verb) {
				return fmt.Sprintf("%s %s", verb, resource)
			}
		}
	}
	return ""
}
