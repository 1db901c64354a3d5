package check

import "github.com/imagegate/imagegate/internal/gate"

// PrivateKeys is CRED-02.
var PrivateKeys = &Check{
	ID: "CRED-02", Name: "private-keys", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Private keys in files of any layer: PEM, OpenSSH, PKCS#12 and Java key stores.",
		Why:      "Everyone who can pull the image can pose as the key's owner.",
		Example:  "/app/tls.key fails; a key that a passphrase protects, and a test key that a package of the proven base ships, are MEDIUM; what the policy's secretPaths accept passes.",
		Fix:      "Replace the key and its certificate, then rebuild without it; mount keys at run time.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		var findings []Finding
		for _, k := range privateKeys(c) {
			if !k.Deleted && !acceptedPath(in.Options.AllowedSecretPaths, k.Path) {
				findings = append(findings, secretFile(in, k, gate.SeverityHigh, "is a private key or holds one"))
			}
		}
		return judged(c, "keys", findings, "keys", "secrets")
	},
}
