package audit

import "github.com/imagegate/imagegate/internal/gate"

// AuditPolicy is W-45.
var AuditPolicy = &Check{
	ID: "W-45", Name: "audit-policy", Severity: gate.SeverityMedium,
	Doc: Doc{
		What:     "The API server's audit policy, and the flags by which it keeps the log: bodies of Secrets, ConfigMaps and tokens are not logged, changes of rights are, and nothing falls through.",
		Why:      "At level Request the log holds every password that is written to a Secret. Without a log nobody can tell what an intruder did.",
		Example:  "{level: RequestResponse} as the first rule fails; {level: Metadata, resources: [{group: \"\", resources: [secrets, configmaps]}, {group: authentication.k8s.io, resources: [tokenreviews]}]} before it passes. A kube-apiserver without --audit-policy-file and --audit-log-path fails; without --audit-log-maxage, -maxbackup and -maxsize it is LOW.",
		Fix:      "Log secrets, configmaps, tokenreviews and serviceaccounts/token at Metadata in the first rule, rights at RequestResponse, and end with a rule for all that is left.",
		Controls: []string{"CIS Kubernetes 3.2.1", "CIS Kubernetes 3.2.2", "CIS Kubernetes 1.2.16"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			if o.Is("audit.k8s.io", "Policy") {
				findings = append(findings, auditPolicy(o)...)
			}
		}
		for c := range in.Containers() {
			findings = append(findings, apiServerFlags(c)...)
		}
		return findings
	},
}
