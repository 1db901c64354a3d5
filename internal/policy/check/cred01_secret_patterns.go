package check

import "github.com/imagegate/imagegate/internal/gate"

// SecretPatterns is CRED-01.
var SecretPatterns = &Check{
	ID: "CRED-01", Name: "secret-patterns", Severity: gate.SeverityCritical, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Credentials in files of any layer, by Trivy's rules with its path exceptions switched off: tests, vendored code and /usr/share count too. The severity is that of the rule; private keys are the business of CRED-02.",
		Why:      "Everyone who can pull the image has them.",
		Example:  "A GitHub token in /app/tests/fixture.txt fails; one in a file that a package of the proven base ships is MEDIUM at most; what the policy's secretPaths accept passes.",
		Fix:      "Revoke the credential, then rebuild without it.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		return judged(c, "secrets", secretFindings(in, false), "secrets")
	},
}
