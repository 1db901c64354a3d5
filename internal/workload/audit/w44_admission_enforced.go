package audit

import "github.com/imagegate/imagegate/internal/gate"

// AdmissionEnforced is W-44.
var AdmissionEnforced = &Check{
	ID: "W-44", Name: "admission-enforced", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "Admission policies that only watch: Gatekeeper constraints, Kyverno policies, bindings of ValidatingAdmissionPolicy, Sigstore's image policies, and webhooks on pods that let everything pass when they do not answer.",
		Why:      "A policy in dry run is taken for protection. A webhook with failurePolicy Ignore is passed by whoever can stop it or wait until it stops.",
		Example:  "enforcementAction: dryrun, validationFailureAction: Audit (Kyverno's default), validationActions: [Warn], mode: warn and failurePolicy: Ignore fail; deny, Enforce, [Deny], enforce and Fail pass. Sigstore's policy-controller judges only namespaces labelled policy.sigstore.dev/include: \"true\": others fail.",
		Fix:      "Enforce the policy once its reports are clean.",
		Controls: []string{"CIS Kubernetes 5.5.1"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			findings = append(findings, watchesOnly(o)...)
		}
		return append(findings, notIncluded(in)...)
	},
}
