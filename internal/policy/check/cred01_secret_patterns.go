package check

import "github.com/imagegate/imagegate/internal/gate"

// SecretPatterns is CRED-01.
var SecretPatterns = &Check{
	ID: "CRED-01", Name: "secret-patterns", Severity: gate.SeverityCritical, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Credentials in files of any layer, by Trivy's rules with its path exceptions switched off: tests, vendored code and /usr/share count too. The severity is that of the rule.",
		Why:      "Everyone who can pull the image has them.",
		Example:  "A GitHub token in /app/tests/fixture.txt fails; a test key that belongs to a package of the distribution is MEDIUM at most; what the policy's secretPaths accept passes.",
		Fix:      "Revoke the credential, then rebuild without it.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result { return secretFindings(in, false) },
}
