package audit

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// ServiceAccountToken is W-36.
var ServiceAccountToken = &Check{
	ID: "W-36", Name: "sa-token", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Pods that are given a token for the API server though nothing shows that they use it, and rights given to the account default.",
		Why:      "Whoever takes over the pod holds the token. The account default is shared by every pod of the namespace that names none, and so are its rights.",
		Example:  "A pod without serviceAccountName and without automountServiceAccountToken: false fails. One whose account the bundle binds to a Role passes, and so do pods whose Vault agent logs in with the token, or that mount a projected token of their own. An account that is not among the objects is unknown.",
		Fix:      "Set automountServiceAccountToken: false on the pod; where the API server is used, give the pod an account of its own and bind what it needs.",
		Controls: []string{"CIS Kubernetes 5.1.5", "CIS Kubernetes 5.1.6"},
	},
	Decide: func(in Input) []Finding {
		accounts, bound := accountsOf(in), boundAccounts(in)
		var findings []Finding
		for t := range in.Templates() {
			findings = append(findings, unusedToken(t, accounts, bound)...)
		}
		for _, o := range in.Objects {
			if b := bindingOf(o); b != nil && !fromCluster(o) {
				findings = append(findings, rightsOfDefault(b)...)
			}
		}
		return findings
	},
}

// mountsToken reports whether the pod is given a token, as far as the bundle
// tells. The pod's own field overrides its account's.
func mountsToken(t manifest.Template, accounts map[named]*corev1.ServiceAccount) bool {
	if own := t.Spec.AutomountServiceAccountToken; own != nil {
		return *own
	}
	account := accounts[named{t.Object.Namespace(), serviceAccountOf(&t.Spec)}]
	return account == nil || account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken
}

// unusedToken judges one pod.
func unusedToken(t manifest.Template, accounts map[named]*corev1.ServiceAccount, bound map[named]bool) []Finding {
	name, namespace := serviceAccountOf(&t.Spec), t.Object.Namespace()
	account := accounts[named{namespace, name}]
	if !mountsToken(t, accounts) || bound[named{namespace, name}] || bound[named{namespace, ""}] || vaultInjects(t) {
		return nil
	}
	field := t.SpecPath + ".automountServiceAccountToken"
	fix := "set automountServiceAccountToken: false; if the pod does call the API server, bind a Role to an account of its own"
	if name == "default" {
		f := about(t.Object, field, "the pod is given a token of the account default, to which nothing here gives rights", fix)
		f.Patch = set(t.Object, field, false)
		return []Finding{f}
	}
	if account == nil && t.Spec.AutomountServiceAccountToken == nil {
		return []Finding{unsure(t.Object, field,
			fmt.Sprintf("the service account %q is not among the objects: whether its token is mounted, and used, cannot be told", name),
			"audit the account and its bindings along with the workload, or hand them in as context")}
	}
	return []Finding{about(t.Object, field, fmt.Sprintf("the pod is given a token of the account %q, and no binding among the objects gives it rights", name), fix)}
}

func rightsOfDefault(b *binding) []Finding {
	for i, s := range b.subjects {
		if s.Kind == "ServiceAccount" && s.Name == "default" {
			return []Finding{about(b.object, fmt.Sprintf("subjects[%d]", i),
				fmt.Sprintf("%s %q is given to the account default: every pod of the namespace that names no account has these rights", b.role.Kind, b.role.Name),
				"make an account for the pod that needs them, and bind that")}
		}
	}
	return nil
}
