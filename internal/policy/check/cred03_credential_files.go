package check

import "github.com/imagegate/imagegate/internal/gate"

// CredentialFiles is CRED-03.
var CredentialFiles = &Check{
	ID: "CRED-03", Name: "credential-files", Severity: gate.SeverityHigh, Tier: TierLayers, PerImage: true,
	Doc: Doc{
		What:     "Files in which tools keep credentials, where they do hold some: Docker's config.json, .netrc, .npmrc, .pypirc, .git-credentials, those of clouds and of Kubernetes, Terraform's state, .env. The content counts, not the name.",
		Why:      "Everyone who can pull the image can use them.",
		Example:  "/root/.npmrc with an _authToken fails, one that only names a registry passes; what the policy's secretPaths accept passes.",
		Fix:      "Revoke the credential, then rebuild without it; give it to a RUN with --mount=type=secret.",
		Controls: []string{"CIS Docker 4.10"},
	},
	Decide: func(in Input) Result {
		return credentials(in, "holds credentials", func(f gate.SecretFile) bool { return !ofRepository(f) })
	},
}

// credentials are findings about the visible credential files of one family.
func credentials(in Input, says string, ours func(gate.SecretFile) bool) Result {
	c := in.Image.Contents
	if c == nil {
		return unknown("no layer was read")
	}
	var findings []Finding
	for _, f := range c.Credentials {
		if !f.Deleted && ours(f) && !acceptedPath(in.Options.AllowedSecretPaths, f.Path) {
			findings = append(findings, secretFile(in, f, gate.SeverityHigh, says))
		}
	}
	return judged(c, "credential files", findings, "credentials")
}

// ofRepository reports whether a file is the configuration of a repository, or
// a user's of git: their addresses can hold a password.
func ofRepository(f gate.SecretFile) bool { return f.Kind == "git remote" || f.Kind == "git config" }
