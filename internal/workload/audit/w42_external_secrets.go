package audit

import "github.com/imagegate/imagegate/internal/gate"

// ExternalSecrets is W-42.
var ExternalSecrets = &Check{
	ID: "W-42", Name: "external-secrets-used", Severity: gate.SeverityInfo,
	Doc: Doc{
		What:     "Whether the providers of secrets that are used (External Secrets, SealedSecret, Vault's agent and operator, the secrets store CSI driver) can do what they are asked.",
		Why:      "A provider that is misused leaves the application without its secret, and somebody then writes it into the manifest.",
		Example:  "vault.hashicorp.com/agent-inject on a Deployment instead of its pod template, an emptyDir at /vault/secrets that hides what is injected, external-secrets.io/v1beta1, a SealedSecret whose values were cut, and Vault asked over http are MEDIUM. What is in order has no finding.",
		Fix:      "Follow the finding: each provider has its own place and form.",
		Controls: []string{"CIS Kubernetes 5.4.2"},
	},
	Decide: func(in Input) []Finding {
		var findings []Finding
		for _, o := range in.Objects {
			findings = append(findings, providerFindings(o)...)
		}
		accounts := accountsOf(in)
		for t := range in.Templates() {
			findings = append(findings, vaultFindings(t, accounts)...)
		}
		return findings
	},
}
