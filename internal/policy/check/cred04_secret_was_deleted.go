package check

import "github.com/imagegate/imagegate/internal/gate"

// DeletedSecret is CRED-04.
var DeletedSecret = &Check{
	ID: "CRED-04", Name: "secret-was-deleted", Severity: gate.SeverityCritical, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Credentials and private keys in files that a later layer deletes or replaces.",
		Why:      "Layers are kept as they are: whoever pulls the image can read the file from the layer that brought it.",
		Example:  "COPY token.txt, then RUN rm token.txt, fails; RUN --mount=type=secret leaves nothing and passes. A key that a passphrase protects is MEDIUM.",
		Fix:      "Revoke the credential, then rebuild so that no layer ever holds it.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		c := in.Image.Contents
		if c == nil {
			return unknown("no layer was read")
		}
		findings := secretFindings(in, true)
		// A file is told once, however many looks found something in it.
		type place struct {
			layer int
			path  string
		}
		told := map[place]bool{}
		for _, f := range findings {
			told[place{*f.Layer, f.Path}] = true
		}
		add := func(files []gate.SecretFile, says string) {
			for _, f := range files {
				where := place{f.Layer, f.Path}
				if !f.Deleted || told[where] || acceptedPath(in.Options.AllowedSecretPaths, f.Path) {
					continue
				}
				told[where] = true
				findings = append(findings, secretFile(in, f, gate.SeverityCritical, says))
			}
		}
		add(privateKeys(c), "is a private key or holds one")
		add(c.Credentials, "holds credentials")
		return judged(c, "secrets", findings, "secrets", "keys", "credentials")
	},
}
